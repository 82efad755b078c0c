package simclr.tools.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Throwables;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Reads broken copies of one whole input. Each must end, soon and with little memory, in a result
 * or in one sentence with the exit code of a bad input.
 *
 * <p>The property {@code simclr.mutants} says how many, {@code simclr.mutants.table} where to add
 * what became of them. The n-th mutant of a format is always the same.
 */
public final class Mutants {
  private static final int COUNT = Integer.getInteger("simclr.mutants", 300);
  private static final Duration LONGEST = Duration.ofSeconds(10);
  private static final long MOST_BYTES = 256L << 20;
  private static final int LONGEST_SENTENCE = 1000;
  private static final int FAULTS_SHOWN = 8;

  private final String format;
  private final byte[] whole;
  private final boolean checksummed;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private final Map<String, String> faults = new LinkedHashMap<>();

  private Mutants(String format, byte[] whole, boolean checksummed) {
    this.format = format;
    this.whole = whole;
    this.checksummed = checksummed;
  }

  /** Reads an input. */
  public interface Reader {
    /** Returns what was read, to be compared with {@code equals}. */
    Object read(byte[] input) throws Exception;
  }

  /** What is neither read nor refused with a {@link UserException}, such as an HTTP status. */
  public record Refused(String outcome, String sentence) {}

  /** Mutants of a format without a checksum, or with one that is right again. */
  public static Mutants of(String format, byte[] whole) {
    return new Mutants(format, whole, false);
  }

  /** Mutants that a checksum must tell: what is read is the content of the whole input. */
  public static Mutants checksummed(String format, byte[] whole) {
    return new Mutants(format, whole, true);
  }

  /**
   * Makes and reads them.
   *
   * @param maker changes the whole input
   */
  public void check(BiFunction<byte[], SplittableRandom, byte[]> maker, Reader reader)
      throws Exception {
    Object content = reader.read(whole);
    assertThat(content).as("the whole %s", format).isNotInstanceOf(Refused.class);
    ExecutorService worker = Executors.newSingleThreadExecutor();
    try {
      for (int i = 0; i < COUNT; i++) {
        byte[] mutant =
            maker.apply(whole, new SplittableRandom(31L * i + format.hashCode() * 1_000_003L));
        Optional<String> fault = fault(worker, reader, mutant, content);
        int number = i;
        fault.ifPresent(text -> faults.merge(key(text), number + ": " + text, (a, b) -> a));
        if (fault.isPresent() && fault.get().startsWith("hangs")) {
          break;
        }
      }
    } finally {
      worker.shutdownNow();
    }
    tell();
    assertThat(faults.values().stream().limit(FAULTS_SHOWN)).as("mutants of %s", format).isEmpty();
    assertThat(outcomes.keySet()).as("what became of %s", format).anyMatch(key -> !isRead(key));
  }

  private static boolean isRead(String outcome) {
    return outcome.equals("read");
  }

  private Optional<String> fault(
      ExecutorService worker, Reader reader, byte[] mutant, Object content)
      throws InterruptedException {
    long[] allocated = new long[1];
    try {
      Object read =
          worker
              .submit(
                  () -> {
                    long before = allocatedBytes();
                    try {
                      return reader.read(mutant);
                    } finally {
                      allocated[0] = allocatedBytes() - before;
                    }
                  })
              .get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
      if (read instanceof Refused refused) {
        count(refused.outcome());
        return wrong(refused.sentence()).or(() -> tooMuch(allocated[0]));
      }
      count("read");
      if (checksummed && !read.equals(content)) {
        return Optional.of("silently read: " + read + ", expected " + content);
      }
      return tooMuch(allocated[0]);
    } catch (TimeoutException e) {
      count("hangs");
      return Optional.of("hangs for " + LONGEST);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UserException refusal && isOfInput(refusal.exitCode())) {
        count(Integer.toString(refusal.exitCode().status()));
        return wrong(String.valueOf(refusal.getMessage())).or(() -> tooMuch(allocated[0]));
      }
      count("fault");
      return Optional.of(Throwables.getStackTraceAsString(Throwables.getRootCause(e)));
    }
  }

  private static boolean isOfInput(ExitCode code) {
    return code == ExitCode.DATA || code == ExitCode.USAGE || code == ExitCode.NO_INPUT;
  }

  private static Optional<String> wrong(String sentence) {
    if (sentence.isBlank() || sentence.length() > LONGEST_SENTENCE) {
      return Optional.of(
          "a sentence of "
              + sentence.length()
              + " characters: "
              + sentence.substring(0, Math.min(300, sentence.length())));
    }
    return sentence.codePoints().anyMatch(Mutants::isNotShown)
        ? Optional.of("control characters in: " + sentence)
        : Optional.empty();
  }

  private static boolean isNotShown(int c) {
    int type = Character.getType(c);
    return type == Character.CONTROL || type == Character.FORMAT || type == Character.SURROGATE;
  }

  private static Optional<String> tooMuch(long bytes) {
    return bytes > MOST_BYTES
        ? Optional.of("takes " + (bytes >> 20) + " MiB, expected at most " + (MOST_BYTES >> 20))
        : Optional.empty();
  }

  private static long allocatedBytes() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  /** Faults of one cause are shown once. */
  private static String key(String fault) {
    return fault.lines().limit(3).map(line -> line.replaceAll("\\d+", "")).toList().toString();
  }

  private void count(String outcome) {
    outcomes.merge(outcome, 1, Integer::sum);
  }

  private void tell() {
    String table = System.getProperty("simclr.mutants.table", "");
    if (!table.isEmpty()) {
      StringBuilder lines = new StringBuilder();
      outcomes.forEach(
          (outcome, count) ->
              lines.append(String.format(Locale.ROOT, "%s\t%s\t%d%n", format, outcome, count)));
      try {
        Files.writeString(
            Path.of(table), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
