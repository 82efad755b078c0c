package simclr.config;

/** Where a run tells what it does; the command line prints it, a Java program may keep it. */
public interface Reporter {

  /** One finished line: a fact, a result or a warning. It stays. */
  void line(String line);

  /**
   * The line at the foot of a terminal, replaced by the next one; empty takes it away. Called only
   * where {@link #terminal} holds.
   */
  void status(String status);

  /** Whether {@link #status} can be shown; otherwise progress comes as occasional lines. */
  boolean terminal();

  /** A reporter that hands lines on and is not a terminal. */
  static Reporter lines(java.util.function.Consumer<String> lines) {
    return new Reporter() {
      @Override
      public void line(String line) {
        lines.accept(line);
      }

      @Override
      public void status(String status) {}

      @Override
      public boolean terminal() {
        return false;
      }
    };
  }
}
