package simclr.train.run;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.objective.ContrastiveLoss;
import simclr.objective.NtXent;
import simclr.summary.Tag;

/**
 * Tells a user how training goes: where it stands, whether it learns, what it waits for and when it
 * will end. On a terminal one line with a bar that is drawn again and again, elsewhere a plain line
 * now and then.
 */
final class Progress {
  private static final Duration TERMINAL_INTERVAL = Duration.ofMillis(500);
  private static final Duration PLAIN_INTERVAL = Duration.ofSeconds(30);
  private static final int BAR = 10;

  /** How far the contrastive loss may be from its collapse level and still count as collapsed. */
  private static final double COLLAPSED = 0.01;

  /** Weight of the newest measurement in the step time that the remaining time is made from. */
  private static final double NEWEST = 0.3;

  private final Reporter reporter;
  private final long totalSteps;
  private final long warmupSteps;
  private final int batch;
  private final boolean reference;
  private final OptionalDouble collapseLevel;
  private boolean warned;
  private double secondsPerStep;
  private @Nullable Snapshot last;

  Progress(RunConfig config, long totalSteps, long warmupSteps, Reporter reporter) {
    this.reporter = reporter;
    this.totalSteps = totalSteps;
    this.warmupSteps = warmupSteps;
    this.batch = config.trainBatchSize();
    this.reference = ContrastiveLoss.of(config) instanceof NtXent loss && !loss.oneView();
    this.collapseLevel = ContrastiveLoss.of(config).collapseLevel(batch);
  }

  /**
   * What the graph has added up at one moment.
   *
   * @param step completed steps of the run
   * @param counted steps that {@code means} cover
   * @param means over these steps
   * @param inputSeconds that these steps waited for their batch
   * @param nanos when this was read
   */
  record Snapshot(
      long step, long counted, Map<Tag, Float> means, double inputSeconds, long nanos) {}

  /** Whether it is time to {@link #show} again. */
  boolean due(long nanos) {
    Duration interval = reporter.terminal() ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
    return last == null || nanos - last.nanos() >= interval.toNanos();
  }

  /** Starts to measure, at the start of the run and after time was spent on something else. */
  void resume(long step, long nanos) {
    last = new Snapshot(step, 0, Map.of(), 0, nanos);
  }

  /** Shows what happened since the last call. */
  void show(Snapshot now) {
    Snapshot since = last;
    last = now;
    if (since == null || now.step() == since.step()) {
      return;
    }
    Recent recent = recent(since, now);
    long left = secondsLeft(recent);
    if (reporter.terminal()) {
      reporter.status(bar(recent, left));
    } else {
      reporter.line(sentence(recent, left));
    }
  }

  /** Takes the bar away, so that lines can follow. */
  void clear() {
    if (reporter.terminal()) {
      reporter.status("");
    }
  }

  /**
   * Warns once if the contrastive loss of a whole round behind the warm-up is that of a collapsed
   * encoder.
   *
   * @param start step at which the round began
   */
  void checkCollapse(long start, Map<Tag, Float> means) {
    Float loss = means.get(Tag.CONTRAST_LOSS);
    if (loss == null || warned || start < warmupSteps || collapseLevel.isEmpty()) {
      return;
    }
    double level = collapseLevel.getAsDouble();
    if (Math.abs(loss - level) <= COLLAPSED * level) {
      warned = true;
      reporter.line(
          String.format(
              Locale.ROOT,
              "warning: contrast loss %.4f is within 1 %% of %.4f%s, the value of an encoder that"
                  + " tells no image from another; lower --learning_rate or check the images",
              loss,
              level,
              reference ? " = 2 ln(2N - 1)" : ""));
    }
  }

  private record Recent(
      long step, Map<Tag, Float> means, double stepsPerSecond, double inputShare) {
    boolean contrastive() {
      return means.containsKey(Tag.CONTRAST_LOSS);
    }

    boolean taught() {
      return means.containsKey(Tag.DISTILL_LOSS);
    }

    float mean(Tag tag) {
      return means.getOrDefault(tag, 0f);
    }
  }

  /** What lies between two snapshots, or in the second alone if the sums were reset between. */
  private static Recent recent(Snapshot since, Snapshot now) {
    boolean continued = now.counted() > since.counted() && since.counted() > 0;
    Map<Tag, Float> means = new EnumMap<>(Tag.class);
    now.means()
        .forEach(
            (tag, mean) -> {
              Float before = since.means().get(tag);
              means.put(
                  tag, continued && before != null ? between(since, before, now, mean) : mean);
            });
    double seconds = (now.nanos() - since.nanos()) / 1e9;
    double waited = now.inputSeconds() - (continued ? since.inputSeconds() : 0);
    return new Recent(
        now.step(),
        means,
        (now.step() - since.step()) / seconds,
        Math.min(1, Math.max(0, waited / seconds)));
  }

  private static float between(Snapshot since, float before, Snapshot now, float mean) {
    double sum = (double) mean * now.counted() - (double) before * since.counted();
    return (float) (sum / (now.counted() - since.counted()));
  }

  /** Fits 80 columns where the step counts are short; what matters most stands first. */
  private String bar(Recent recent, long left) {
    int done = (int) (BAR * Math.min(recent.step(), totalSteps) / Math.max(1, totalSteps));
    String bar = "#".repeat(done) + "-".repeat(BAR - done);
    return String.format(
        Locale.ROOT,
        "[%s] %d/%d %s %s img/s input %.0f%% eta %s",
        bar,
        recent.step(),
        totalSteps,
        recent.contrastive()
            ? String.format(
                Locale.ROOT,
                "loss %.3f%s acc %.1f%%",
                recent.mean(Tag.CONTRAST_LOSS),
                level(" (%.3f)"),
                100 * recent.mean(Tag.CONTRAST_ACC))
            : String.format(
                Locale.ROOT,
                "loss %.3f acc %.1f%%",
                recent.mean(recent.taught() ? Tag.DISTILL_LOSS : Tag.SUPERVISED_LOSS),
                100 * recent.mean(recent.taught() ? Tag.DISTILL_AGREEMENT : Tag.SUPERVISED_ACC)),
        number(recent.stepsPerSecond() * batch),
        100 * recent.inputShare(),
        time(left));
  }

  private String sentence(Recent recent, long left) {
    return String.format(
        Locale.ROOT,
        "step %d of %d: %s, %s images/s, %.0f %% of the time waiting for input, %s left",
        recent.step(),
        totalSteps,
        recent.contrastive()
            ? String.format(
                Locale.ROOT,
                "contrast loss %.4f%s, contrast accuracy %.1f %%",
                recent.mean(Tag.CONTRAST_LOSS),
                level(" (collapse level %.4f)"),
                100 * recent.mean(Tag.CONTRAST_ACC))
            : String.format(
                Locale.ROOT,
                recent.taught()
                    ? "distillation loss %.4f, agreement with the teacher %.1f %%"
                    : "supervised loss %.4f, supervised accuracy %.1f %%",
                recent.mean(recent.taught() ? Tag.DISTILL_LOSS : Tag.SUPERVISED_LOSS),
                100 * recent.mean(recent.taught() ? Tag.DISTILL_AGREEMENT : Tag.SUPERVISED_ACC)),
        number(recent.stepsPerSecond() * batch),
        100 * recent.inputShare(),
        time(left));
  }

  private String level(String template) {
    return collapseLevel.isPresent()
        ? String.format(Locale.ROOT, template, collapseLevel.getAsDouble())
        : "";
  }

  private long secondsLeft(Recent recent) {
    double newest = 1 / recent.stepsPerSecond();
    secondsPerStep =
        secondsPerStep == 0 ? newest : secondsPerStep + NEWEST * (newest - secondsPerStep);
    return Math.round((totalSteps - recent.step()) * secondsPerStep);
  }

  private static String number(double x) {
    return String.format(Locale.ROOT, x < 100 ? "%.1f" : "%,.0f", x);
  }

  /** Hours, minutes and seconds, as in 1:02:03 or 2:03. */
  static String time(long seconds) {
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
}
