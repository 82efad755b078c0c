package simclr.eval.features;

import java.time.Duration;
import java.util.Locale;
import simclr.config.Reporter;

/** How far a long piece of work is, and when it will end. */
public final class EtaProgress {
  private static final Duration TERMINAL_INTERVAL = Duration.ofMillis(500);
  private static final Duration PLAIN_INTERVAL = Duration.ofSeconds(30);

  private final Reporter reporter;
  private final String what;
  private final long total;
  private final long from;
  private final long start = System.nanoTime();
  private long shown = start;

  private EtaProgress(Reporter reporter, String what, long from, long total) {
    this.reporter = reporter;
    this.what = what;
    this.from = from;
    this.total = total;
  }

  /**
   * Begins.
   *
   * @param what is done, as in {@code extracting train}
   * @param from what was done before this process
   */
  public static EtaProgress of(Reporter reporter, String what, long from, long total) {
    return new EtaProgress(reporter, what, from, total);
  }

  /** Shows progress if it is time to. */
  public void at(long done) {
    long now = System.nanoTime();
    Duration interval = reporter.terminal() ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
    if (now - shown < interval.toNanos() || done == from) {
      return;
    }
    shown = now;
    double perItem = (now - start) / 1e9 / (done - from);
    long left = Math.round((total - done) * perItem);
    String line =
        String.format(
            Locale.ROOT, "%s: %,d of %,d, %d:%02d left", what, done, total, left / 60, left % 60);
    if (reporter.terminal()) {
      reporter.status(line);
    } else {
      reporter.line(line);
    }
  }

  /** Takes the line away. */
  public void end() {
    if (reporter.terminal()) {
      reporter.status("");
    }
  }
}
