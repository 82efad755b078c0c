package simclr.tools.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import simclr.config.RunConfig;
import simclr.config.UserException;

/**
 * Answers lines on standard input with one line of JSON each, until {@code quit} or the end.
 *
 * <p>A measurement drives both sides of a comparison so, and lets them take turns.
 */
final class Dialogue {
  private Dialogue() {}

  /** What a program does between its start and its end. */
  interface Body {
    void run(Flags flags) throws IOException;
  }

  /** The flags of the command line, of which a program may take some that are not of a run. */
  static final class Flags {
    private final Map<String, String> byName = new LinkedHashMap<>();

    private Flags(String[] args) {
      for (String arg : args) {
        List<String> nameAndValue = Splitter.on('=').limit(2).splitToList(arg);
        if (!arg.startsWith("--") || nameAndValue.size() != 2) {
          throw new UserException(
              UserException.ExitCode.USAGE, "%s is not of the form --flag=value", arg);
        }
        byName.put(nameAndValue.get(0).substring(2), nameAndValue.get(1));
      }
    }

    /** Takes a flag of the program's own. */
    String take(String name) {
      String value = byName.remove(name);
      if (value == null) {
        throw new UserException(
            UserException.ExitCode.USAGE, "--%s is missing, expected a value", name);
      }
      return value;
    }

    /** All that was not taken. */
    RunConfig config() {
      return RunConfig.of(byName);
    }
  }

  /** Runs a program; an error of the user is one sentence. */
  static void main(String[] args, Body body) {
    try {
      body.run(new Flags(args));
    } catch (UserException e) {
      System.err.println(e.getMessage());
      System.exit(e.exitCode().status());
    } catch (IOException e) {
      e.printStackTrace();
      System.exit(UserException.ExitCode.NO_INPUT.status());
    }
  }

  /** Reads words and answers, until there are no more. */
  static void answer(Function<List<String>, Map<String, ?>> answers) throws IOException {
    ObjectMapper json = new ObjectMapper();
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      List<String> words = Splitter.on(' ').omitEmptyStrings().limit(2).splitToList(line);
      if (words.equals(List.of("quit"))) {
        return;
      }
      out.println(json.writeValueAsString(answers.apply(words)));
    }
  }

  /** Milliseconds of wall and of CPU time, over all threads, that {@code work} takes a time. */
  static Map<String, Double> timed(int times, Runnable work) {
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long wall = System.nanoTime();
    long cpu = process.getProcessCpuTime();
    for (int i = 0; i < times; i++) {
      work.run();
    }
    double scale = 1e-6 / times;
    Map<String, Double> taken = new LinkedHashMap<>();
    taken.put("wall_ms", (System.nanoTime() - wall) * scale);
    taken.put("cpu_ms", (process.getProcessCpuTime() - cpu) * scale);
    return taken;
  }

  /** Resident memory of this process; Linux only. */
  static double residentMib() {
    try {
      String pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1];
      return Long.parseLong(pages) * 4096.0 / (1 << 20);
    } catch (IOException e) {
      throw new UserException(UserException.ExitCode.NO_INPUT, "%s, expected Linux's /proc", e);
    }
  }
}
