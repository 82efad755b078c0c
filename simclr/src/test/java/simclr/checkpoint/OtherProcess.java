package simclr.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import simclr.checkpoint.TinyRun.Form;
import simclr.config.UserException;
import simclr.io.ChildProcess;

/** What a test needs a second process for: to hold a lock, to be killed, to run out of disk. */
final class OtherProcess {
  /** Saves of this size take a while, so that a kill hits them. */
  static final Form LARGE = Form.LARS.filters(20_000);

  private OtherProcess() {}

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
   * @param largestFile as {@link ChildProcess#limited} takes it
   */
  static ChildProcess start(Task task, Path dir, int largestFile) throws IOException {
    return ChildProcess.limited(largestFile, OtherProcess.class, task.name(), dir.toString());
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
