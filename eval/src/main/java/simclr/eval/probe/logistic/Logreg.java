package simclr.eval.probe.logistic;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import simclr.config.Reporter;
import simclr.eval.features.EtaProgress;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.MeanAveragePrecision;
import simclr.eval.metrics.MultiLabelMetrics;
import simclr.eval.metrics.MultiLabels;
import simclr.eval.metrics.TestMetrics;
import simclr.eval.probe.Checks;
import simclr.eval.probe.LinearClassifier;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.ProbeCheckpoint;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.logistic.Regression.Fit;
import simclr.eval.published.Evaluation;

/**
 * Logistic regression by L-BFGS (SimCLR, appendix B.8): the penalty is chosen on validation
 * examples among values from large to small, each starting where the one before ended; then the
 * classifier is trained anew on training and validation examples. Where examples may have several
 * classes, there is one classifier for each class against the rest, all with the same penalty.
 *
 * @param l2 fixes the penalty; empty to choose it
 * @param l2Values how many are tried, evenly spaced by their logarithm
 * @param l2Smallest the smallest l2 tried
 * @param l2Largest the largest l2 tried
 * @param standardize whether features are brought to deviation 1; the paper does not
 * @param validationShare of the training examples, carved out where there is no validation split
 * @param maxIterations of one fit
 * @param tolerance how far above its minimum the final objective may be (relative tolerance)
 * @param sweepTolerance the same while choosing
 */
public record Logreg(
    OptionalDouble l2,
    int l2Values,
    double l2Smallest,
    double l2Largest,
    boolean standardize,
    double validationShare,
    int maxIterations,
    double tolerance,
    double sweepTolerance)
    implements Protocol {
  /** Its name in records. */
  public static final String NAME = "logreg";

  public Logreg {
    l2.ifPresent(value -> Checks.notNegative("--l2", value));
    Checks.atLeastOne("--l2_values", l2Values);
    Checks.positive("--l2_smallest", l2Smallest);
    Checks.positive("--l2_largest", l2Largest);
    Checks.require(
        l2Smallest <= l2Largest,
        "--l2_smallest is %s, expected at most --l2_largest=%s",
        l2Smallest,
        l2Largest);
    Checks.share("--validation_share", validationShare);
    Checks.atLeastOne("--max_iterations", maxIterations);
    Checks.positive("--tolerance", tolerance);
    Checks.positive("--sweep_tolerance", sweepTolerance);
  }

  /** The paper's. */
  public static Logreg standard() {
    return new Logreg(OptionalDouble.empty(), 45, 1e-6, 1e5, false, 0.2, 2000, 1e-6, 1e-5);
  }

  @Override
  public String protocol() {
    return NAME;
  }

  private record Settings(
      String optimizer,
      String objective,
      @Nullable Double l2,
      @Nullable Integer l2Values,
      @Nullable Double l2Smallest,
      @Nullable Double l2Largest,
      @Nullable String l2ChosenBy,
      @Nullable Double validationShare,
      @Nullable Double sweepTolerance,
      boolean standardize,
      int maxIterations,
      double tolerance) {}

  @Override
  public Object settings(FeatureSets sets) {
    boolean chosen = l2.isEmpty();
    return new Settings(
        "L-BFGS",
        sets.isMultiLabel()
            ? "mean over classes of: mean cross entropy of two scores, against the class and for it,"
                + " + l2/2 * squared weights of both, biases free; with w the weights of their"
                + " difference, the one score that is reported, the penalty is l2/4 * squared w"
            : "mean cross entropy + l2/2 * squared weights, biases free",
        chosen ? null : l2.getAsDouble(),
        chosen ? l2Values : null,
        chosen ? l2Smallest : null,
        chosen ? l2Largest : null,
        chosen
            ? String.format(
                Locale.ROOT,
                "validation %s, the larger of equals",
                sets.isMultiLabel() ? "11-point mAP" : "top-1")
            : null,
        chosen ? validationShare : null,
        chosen ? sweepTolerance : null,
        standardize,
        maxIterations,
        tolerance);
  }

  @Override
  public String meaning(FeatureSets sets) {
    return meaning(sets.isMultiLabel());
  }

  /** What its figures mean. */
  public static String meaning(boolean multiLabel) {
    return (multiLabel
            ? "Logistic regression of each class against the rest"
            : "Multinomial logistic regression")
        + " by L-BFGS on fixed representations; its l2 chosen on validation, refitted on"
        + " training and validation, tested once.";
  }

  @Override
  public boolean takesMultiLabel() {
    return true;
  }

  @Override
  public boolean random(FeatureSets sets) {
    return l2.isEmpty() && sets.validation().isEmpty();
  }

  @Override
  public Optional<Outcome> run(
      FeatureSets sets,
      long seed,
      Optional<Path> progress,
      Reporter reporter,
      BooleanSupplier stop) {
    if (l2.isPresent()) {
      LabelledFeatures all = sets.validation().map(sets.train()::followedBy).orElse(sets.train());
      return Optional.of(test(sets, all, l2.getAsDouble(), Optional.empty(), null, null));
    }
    Partition partition = sets.partition(validationShare, seed);
    SweepProgress sweep =
        SweepProgress.of(ProbeCheckpoint.of(progress, this, sets, seed), l2Values, reporter);
    if (sweep.done() < l2Values && !tryValues(sweep, sets, partition, reporter, stop)) {
      return Optional.empty();
    }
    SweepProgress.Best best = sweep.best().orElseThrow();
    reporter.line(
        String.format(
            Locale.ROOT,
            sets.isMultiLabel()
                ? "l2 %.4g chosen: 11-point mAP %.2f %% on %,d validation examples%s"
                : "l2 %.4g chosen: %.2f %% of %,d validation examples%s",
            best.l2(),
            100 * best.figure(),
            partition.validation().examples(),
            partition.carved() ? ", carved from training" : ""));
    return Optional.of(
        test(
            sets,
            partition.all(sets.train()),
            best.l2(),
            Optional.of(partition),
            best.parameters(),
            sweep.rows()));
  }

  /** Tries the values that are left; returns false if it was stopped. */
  private boolean tryValues(
      SweepProgress sweep,
      FeatureSets sets,
      Partition partition,
      Reporter reporter,
      BooleanSupplier stop) {
    EtaProgress countdown = EtaProgress.of(reporter, "choosing l2", sweep.done(), l2Values);
    try (Regression regression = Regression.of(partition.fit(), sets.classes(), standardize)) {
      for (int i = sweep.done(); i < l2Values; i++) {
        if (stop.getAsBoolean()) {
          sweep.save();
          return false;
        }
        double[] start = sweep.last().orElseGet(regression::origin);
        Fit fit = regression.fit(value(i), start, maxIterations, sweepTolerance);
        double figure = figure(fit.classifier(), partition.validation());
        Tried row =
            new Tried(
                value(i),
                sets.isMultiLabel() ? null : figure,
                sets.isMultiLabel() ? figure : null,
                fit.objective(),
                fit.iterations(),
                fit.evaluations(),
                fit.converged());
        sweep.add(row, figure, fit.parameters());
        countdown.at(i + 1);
      }
    }
    sweep.save();
    countdown.end();
    return true;
  }

  /** What the penalty is chosen by: top-1, or 11-point mAP of a multi-label set. */
  private static double figure(LinearClassifier classifier, LabelledFeatures examples) {
    return examples
        .labels()
        .several()
        .map(labels -> MeanAveragePrecision.of(classifier.scores(examples), labels).value())
        .orElseGet(() -> (double) classifier.correct(examples) / examples.examples());
  }

  private static TestMetrics measure(LinearClassifier classifier, FeatureSets sets) {
    Optional<MultiLabels> several = sets.test().labels().several();
    return several.isPresent()
        ? MultiLabelMetrics.of(classifier.scores(sets.test()), several.get(), sets.classNames())
        : Outcome.measure(classifier, sets.test(), sets.classNames());
  }

  private Outcome test(
      FeatureSets sets,
      LabelledFeatures learn,
      double penalty,
      Optional<Partition> partition,
      double @Nullable [] near,
      @Nullable List<Tried> sweep) {
    try (Regression regression = Regression.of(learn, sets.classes(), standardize)) {
      double[] start = near == null ? regression.origin() : near;
      Fit fit = regression.fit(penalty, start, maxIterations, tolerance);
      Ended ended =
          new Ended(
              fit.iterations(),
              fit.evaluations(),
              fit.converged(),
              learn.examples(),
              regression.precision(),
              sets.isMultiLabel() ? fit.objectives().asList() : null);
      return new Outcome(
          measure(fit.classifier(), sets),
          1,
          partition,
          OptionalDouble.of(fit.objective()),
          OptionalDouble.of(penalty),
          new Details(sweep, ended),
          ImmutableList.of(),
          Evaluation.LINEAR_LBFGS);
    }
  }

  private record Details(@Nullable List<Tried> sweep, Ended fit) {}

  private record Ended(
      int iterations,
      int evaluations,
      boolean converged,
      int examples,
      String computedIn,
      @Nullable List<Double> objectives) {}

  /** A penalty that was tried, with its figure on validation examples. */
  record Tried(
      double l2,
      @JsonProperty("validation_top_1") @Nullable Double top1,
      @JsonProperty("validation_map_11") @Nullable Double map11,
      double objective,
      int iterations,
      int evaluations,
      boolean converged) {}

  /** From the largest to the smallest. */
  private double value(int index) {
    if (l2Values == 1) {
      return l2Largest;
    }
    double share = (double) index / (l2Values - 1);
    return Math.pow(10, Math.log10(l2Largest) * (1 - share) + Math.log10(l2Smallest) * share);
  }
}
