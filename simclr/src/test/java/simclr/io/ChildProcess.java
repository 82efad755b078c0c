package simclr.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM that a test starts on a class of its own, talks to by lines, and may kill. */
public final class ChildProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  private ChildProcess(Process process) {
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts a JVM on the main method of {@code main}. */
  public static ChildProcess start(Class<?> main, String... arguments) throws IOException {
    return start(List.of(), main, arguments);
  }

  /**
   * Starts it with a limit.
   *
   * @param largestFile in KiB that the operating system lets it write; writing beyond fails as on a
   *     full disk
   */
  public static ChildProcess limited(int largestFile, Class<?> main, String... arguments)
      throws IOException {
    return start(
        List.of("bash", "-c", "ulimit -f " + largestFile + " && exec \"$@\"", "bash"),
        main,
        arguments);
  }

  private static ChildProcess start(List<String> before, Class<?> main, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-UsePerfData",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(List.of(arguments));
    return new ChildProcess(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** The next line that the process prints. */
  public String line() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new AssertionError("the other process ended early");
    }
    return line;
  }

  /** SIGKILL, and nothing of it is left afterwards. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() throws IOException {
    kill();
    output.close();
  }
}
