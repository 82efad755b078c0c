package simclr.eval.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.probe.knn.Knn;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.ridge.Ridge;
import simclr.eval.probe.sgd.LinearSgd;

/** Features whose squares leave the range of single precision give the right figure. */
@Tag("numeric")
final class ExtremeFeaturesTest {
  private static final Logreg LOGREG =
      new Logreg(OptionalDouble.empty(), 4, 1e-6, 1, false, 0.2, 500, 1e-6, 1e-4);
  private static final FeatureSets PLAIN = Clouds.sets(300, 120, 8, 4, 6);

  private final List<String> said = new ArrayList<>();

  static Stream<Arguments> extremes() {
    return Stream.of(
            LOGREG,
            new Logreg(OptionalDouble.of(0.01), 1, 1, 1, true, 0.2, 500, 1e-6, 1e-4),
            new LinearSgd(20, 64, 0.1, 0, 0.9, true),
            new Knn(ImmutableList.of(1, 5), Knn.Weighting.EXP, 0.1, 0.2),
            Ridge.standard(),
            new Ridge(ImmutableList.of(1), 2, OptionalDouble.empty()))
        .flatMap(
            protocol ->
                // Up to the largest number and down to those without all their digits.
                // A penalty of features as small as they are leaves logreg no weights.
                Stream.of(1e20, 3e37, 1e-20, 1e-37, 1e-41)
                    .filter(scale -> scale > 1 || !protocol.equals(LOGREG))
                    .map(scale -> Arguments.of(protocol, scale)));
  }

  @ParameterizedTest
  @MethodSource("extremes")
  void theFigureIsThatOfTheSameFeaturesNearOne(Protocol protocol, double scale) {
    assertThat(top1(protocol, scaled(PLAIN, scale)))
        .isCloseTo(top1(protocol, PLAIN), within(0.03))
        .isGreaterThan(0.9);
  }

  @Test
  void aPenaltyIsThatOfTheFeaturesAsTheyAre() {
    double scale = 0x1p60;
    Ridge plain = new Ridge(ImmutableList.of(), 1, OptionalDouble.of(0.5));
    Ridge scaled = new Ridge(ImmutableList.of(), 1, OptionalDouble.of(0.5 * scale * scale));

    assertThat(run(scaled, scaled(PLAIN, scale)).objective().orElseThrow())
        .isCloseTo(run(plain, PLAIN).objective().orElseThrow(), within(1e-9));
    Logreg logreg = new Logreg(OptionalDouble.of(0.5), 1, 1, 1, false, 0.2, 500, 1e-9, 1e-4);
    Logreg same =
        new Logreg(OptionalDouble.of(0.5 * scale * scale), 1, 1, 1, false, 0.2, 500, 1e-9, 1e-4);
    assertThat(run(same, scaled(PLAIN, scale)).objective().orElseThrow())
        .isCloseTo(run(logreg, PLAIN).objective().orElseThrow(), within(1e-7));
  }

  @Test
  void aTrainingThatOverflowsIsRefusedAndOneThatLearnsNothingIsNamed() {
    LinearSgd asTheyAre = new LinearSgd(3, 64, 0.1, 0, 0.9, false);

    assertThatThrownBy(() -> run(asTheyAre, scaled(PLAIN, 1e20)))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DIVERGED))
        .hasMessageContaining("--standardize");
    run(asTheyAre, scaled(PLAIN, 1e-20));
    assertThat(said).anyMatch(line -> line.contains("guessing"));
  }

  @Test
  void testFeaturesOfAnotherScaleThanThoseOfTrainingAreRefused() {
    FeatureSets sets = Clouds.sets(PLAIN.train(), Optional.empty(), scaled(PLAIN.test(), 3e37), 4);
    FeatureSets tiny = Clouds.sets(scaled(PLAIN.train(), 1e-20), Optional.empty(), PLAIN.test(), 4);

    for (FeatureSets each :
        List.of(sets, Clouds.sets(tiny.train(), Optional.empty(), sets.test(), 4))) {
      for (Protocol protocol :
          List.of(LOGREG, Ridge.standard(), new LinearSgd(9, 64, 1, 0, 0.9, true))) {
        try {
          assertThat(top1(protocol, each)).isGreaterThan(0.9);
        } catch (UserException e) {
          assertThat(e.exitCode()).isEqualTo(ExitCode.DATA);
          assertThat(e).hasMessageContaining("the classifier's scores overflow, expected");
        }
      }
    }
  }

  /** The default, 1, 5, 20 and 200, on a set that has no 200 examples. */
  @Test
  void neighboursThatASmallSetDoesNotHaveAreLeftOutAndNamed() {
    FeatureSets small = Clouds.sets(60, 30, 8, 4, 6);

    Outcome outcome = run(Knn.standard(), small);

    assertThat(said).contains("k = 200 is left out: only 48 examples are searched");
    assertThat(outcome.lines()).hasSize(4);
    assertThat(outcome.tested()).isEqualTo(3);
  }

  @Test
  void aPenaltyThatLeavesRidgeSingularIsNamed() {
    float[][] rows = new float[6][2];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new float[] {i, 2 * i};
    }
    LabelledFeatures dependent = Clouds.of("dependent", rows, 0, 1, 0, 1, 0, 1);
    FeatureSets sets = Clouds.sets(dependent, Optional.empty(), dependent, 2);

    assertThatThrownBy(() -> run(new Ridge(ImmutableList.of(), 1, OptionalDouble.of(1e-300)), sets))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--l2 is too small for these features");
  }

  private double top1(Protocol protocol, FeatureSets sets) {
    return ((ClassificationMetrics) run(protocol, sets).test()).top1().value();
  }

  private Outcome run(Protocol protocol, FeatureSets sets) {
    return protocol
        .run(sets, 1, Optional.empty(), Reporter.lines(said::add), () -> false)
        .orElseThrow();
  }

  private static FeatureSets scaled(FeatureSets sets, double scale) {
    return Clouds.sets(
        scaled(sets.train(), scale), Optional.empty(), scaled(sets.test(), scale), sets.classes());
  }

  private static LabelledFeatures scaled(LabelledFeatures examples, double scale) {
    float[][] rows = new float[examples.examples()][examples.matrix().columns()];
    for (int i = 0; i < rows.length; i++) {
      examples.matrix().copyRow(i, rows[i], 0);
      for (int d = 0; d < rows[i].length; d++) {
        rows[i][d] = (float) (rows[i][d] * scale);
      }
    }
    return Clouds.of("scaled", rows, examples.labels().toArray());
  }
}
