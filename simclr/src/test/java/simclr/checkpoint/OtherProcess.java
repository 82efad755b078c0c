package simclr.checkpoint;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import simclr.checkpoint.TinyRun.Form;
import simclr.config.UserException;

/** What a test needs a second process for: to hold a lock, to be killed, to run out of disk. */
final class OtherProcess implements AutoCloseable {
  /** Saves of this size take a while, so that a kill hits them. */
  static final Form LARGE = Form.LARS.filters(20_000);

  private final Process process;
  private final BufferedReader output;

  private OtherProcess(Process process) {
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** What the process does; it prints a line at each point that the test waits for. */
  enum Task {
    /** Locks the directory and holds it. */
    HOLD,
    /** Saves {@link #LARGE} runs filled with step 1, 2, ... until it is killed. */
    SAVE_FOR_EVER,
    /** Saves a small run, then tries a large one. */
    SAVE_SMALL_THEN_LARGE
  }

  /**
   * Starts a JVM on this class.
   *
   * @param largestFile in KiB that the operating system lets it write; writing beyond fails as on a
   *     full disk
   */
  static OtherProcess start(Task task, Path dir, int largestFile) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("bash", "-c", "ulimit -f " + largestFile + " && exec \"$@\"", "bash"));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-UsePerfData",
            "-cp",
            System.getProperty("java.class.path"),
            OtherProcess.class.getName(),
            task.name(),
            dir.toString()));
    return new OtherProcess(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** The next line that the process prints; {@code null} would mean that it died. */
  String line() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new AssertionError("the other process ended early");
    }
    return line;
  }

  /** SIGKILL, and nothing of it is left afterwards. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() throws IOException {
    kill();
    output.close();
  }

  public static void main(String[] args) throws IOException {
    Path path = Path.of(args[1]);
    switch (Task.valueOf(args[0])) {
      case HOLD -> hold(path);
      case SAVE_FOR_EVER -> saveForEver(path);
      case SAVE_SMALL_THEN_LARGE -> saveSmallThenLarge(path);
    }
  }

  private static void hold(Path path) throws IOException {
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      System.out.println(dir.path());
      System.out.println(System.in.read());
    }
  }

  private static void saveForEver(Path path) {
    try (ModelDir dir = ModelDir.lock(path, 2);
        TinyRun run = new TinyRun(LARGE)) {
      for (long step = 1; true; step++) {
        run.fill(step);
        dir.save(run.session, run.saver, step);
        System.out.println(step);
      }
    }
  }

  private static void saveSmallThenLarge(Path path) {
    try (ModelDir dir = ModelDir.lock(path, 1);
        TinyRun small = new TinyRun(Form.LARS);
        TinyRun large = new TinyRun(LARGE)) {
      small.fill(1);
      dir.save(small.session, small.saver, 1);
      dir.save(large.session, large.saver, 2);
    } catch (UserException e) {
      System.out.println(e.exitCode() + " " + e.getMessage());
    }
  }
}
