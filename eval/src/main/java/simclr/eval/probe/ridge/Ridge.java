package simclr.eval.probe.ridge;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.EtaProgress;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.metrics.SeedStatistics;
import simclr.eval.probe.Checks;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.Protocol;
import simclr.eval.published.Evaluation;

/**
 * Ridge regression of one-hot classes, in closed form; of all training examples, or of a few of
 * each class, drawn several times. The penalty is chosen by generalised cross-validation, which
 * needs no example beyond those that are learnt from.
 *
 * @param shots examples of each class; empty for all there are
 * @param draws how often they are drawn
 * @param l2 fixes the penalty; empty to choose it
 */
public record Ridge(ImmutableList<Integer> shots, int draws, OptionalDouble l2)
    implements Protocol {
  /** Its name in records. */
  public static final String NAME = "ridge";

  public Ridge {
    shots.forEach(count -> Checks.atLeastOne("--shots", count));
    Checks.atLeastOne("--draws", draws);
    l2.ifPresent(value -> Checks.positive("--l2", value));
  }

  /** Of all training examples. */
  public static Ridge standard() {
    return new Ridge(ImmutableList.of(), 5, OptionalDouble.empty());
  }

  @Override
  public String protocol() {
    return NAME;
  }

  private record Settings(
      String objective,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable List<Integer> shots,
      @Nullable Integer draws,
      @Nullable String headline,
      @Nullable Double l2,
      @Nullable String l2ChosenBy) {}

  @Override
  public Object settings(FeatureSets sets) {
    boolean few = !shots.isEmpty();
    return new Settings(
        "squared error of one-hot classes / 2n + l2/2 * squared weights",
        few ? shots : null,
        few ? draws : null,
        few ? "the first draw of the most shots" : null,
        l2.isPresent() ? l2.getAsDouble() : null,
        l2.isPresent()
            ? null
            : "generalised cross-validation on the examples that are learnt from, 28 values of 1e-6"
                + " to 1e3 times the mean variance of a feature");
  }

  @Override
  public String meaning(FeatureSets sets) {
    return meaning(!shots.isEmpty());
  }

  /** What its figures mean. */
  public static String meaning(boolean fewShots) {
    return "Ridge regression on "
        + (fewShots ? "a few labelled images of each class" : "all labelled images")
        + ", in closed form.";
  }

  @Override
  public boolean random(FeatureSets sets) {
    return !shots.isEmpty();
  }

  @Override
  public Optional<Outcome> run(
      FeatureSets sets,
      long seed,
      Optional<Path> progress,
      Reporter reporter,
      BooleanSupplier stop) {
    if (shots.isEmpty()) {
      LabelledFeatures all = sets.validation().map(sets.train()::followedBy).orElse(sets.train());
      RidgeFit fit = RidgeFit.of(all, sets.classes(), l2);
      ClassificationMetrics test =
          Outcome.measure(fit.classifier(), sets.test(), sets.classNames());
      return Optional.of(outcome(test, 1, fit, new Details(null)));
    }
    requireShots(sets);
    List<ByShots> rows = new ArrayList<>();
    EtaProgress countdown =
        EtaProgress.of(reporter, "fitting draws", 0, (long) shots.size() * draws);
    Outcome headline = null;
    int most = shots.stream().mapToInt(Integer::intValue).max().orElseThrow();
    int done = 0;
    for (int count : shots) {
      List<Accuracy> found = new ArrayList<>();
      List<Double> penalties = new ArrayList<>();
      for (int draw = 0; draw < draws; draw++) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        RidgeFit fit = RidgeFit.of(draw(sets, count, seed, draw), sets.classes(), l2);
        ClassificationMetrics test =
            Outcome.measure(fit.classifier(), sets.test(), sets.classNames());
        found.add(test.top1());
        penalties.add(fit.l2());
        if (count == most && draw == 0) {
          headline = outcome(test, shots.size() * draws, fit, new Details(rows));
        }
        countdown.at(++done);
      }
      rows.add(ByShots.of(count, found, penalties));
    }
    countdown.end();
    return Optional.ofNullable(headline).map(found -> withLines(found, rows));
  }

  private record Details(@Nullable List<ByShots> byShots) {}

  private record ByShots(
      int shots,
      int draws,
      @JsonProperty("top_1") double top1,
      @JsonProperty("top_1_sd") @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable Double sd,
      List<Draw> each) {
    static ByShots of(int shots, List<Accuracy> found, List<Double> penalties) {
      SeedStatistics top1 = SeedStatistics.of(found.stream().map(Accuracy::value).toList());
      return new ByShots(
          shots,
          top1.runs(),
          top1.mean(),
          top1.deviation().isPresent() ? top1.deviation().getAsDouble() : null,
          IntStream.range(0, found.size())
              .mapToObj(i -> new Draw(found.get(i).value(), penalties.get(i)))
              .toList());
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "%d shots a class: top-1 %.2f %% (sd %s over %d draws)",
          shots,
          100 * top1,
          sd == null ? "unknown" : String.format(Locale.ROOT, "%.2f", 100 * sd),
          draws);
    }
  }

  private record Draw(@JsonProperty("top_1") double top1, double l2) {}

  private static Outcome withLines(Outcome found, List<ByShots> rows) {
    return new Outcome(
        found.test(),
        found.tested(),
        found.partition(),
        found.objective(),
        found.l2(),
        found.details(),
        rows.stream().map(ByShots::line).collect(ImmutableList.toImmutableList()),
        found.comparedAs());
  }

  private static Outcome outcome(
      ClassificationMetrics test, int tested, RidgeFit fit, Details details) {
    return new Outcome(
        test,
        tested,
        Optional.empty(),
        OptionalDouble.of(fit.objective()),
        OptionalDouble.of(fit.l2()),
        details,
        ImmutableList.of(),
        Evaluation.parse(NAME));
  }

  /** So many examples of each class, at random without replacement. */
  private static LabelledFeatures draw(FeatureSets sets, int count, long seed, int draw) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + 31L * draw + count);
    List<Integer> taken = new ArrayList<>();
    for (List<Integer> rows : FeatureSets.byClass(sets.train(), sets.classes())) {
      FeatureSets.shuffle(rows, random);
      taken.addAll(rows.subList(0, count));
    }
    return sets.train().select(taken.stream().mapToInt(Integer::intValue).sorted().toArray());
  }

  private void requireShots(FeatureSets sets) {
    int[] counts = sets.train().labels().counts(sets.classes());
    for (int count : shots) {
      for (int c = 0; c < counts.length; c++) {
        if (counts[c] < count) {
          throw new UserException(
              ExitCode.DATA,
              "--shots is %s and %s has %s examples of class %s, expected at least as many",
              count,
              sets.train().name(),
              counts[c],
              sets.classNames().get(c));
        }
      }
    }
  }
}
