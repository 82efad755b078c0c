package simclr.eval.probe.logistic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.eval.features.DataDigest;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.metrics.ClassResult.Precision;
import simclr.eval.metrics.Measures;
import simclr.eval.metrics.Metric;
import simclr.eval.metrics.MultiLabelMetrics;
import simclr.eval.metrics.MultiLabels;
import simclr.eval.probe.Clouds;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.logistic.Regression.Fit;
import simclr.eval.record.RecordJson;

@Tag("numeric")
final class MultiLabelLogregTest {
  private static final Logreg SHORT =
      new Logreg(OptionalDouble.empty(), 5, 1e-4, 1, false, 0.2, 500, 1e-6, 1e-4);

  @Test
  void twoExclusiveClassesAreTheTwoClassFitTwice() {
    LabelledFeatures single = Clouds.examples(1, 200, 5, 2, 1);
    double[] bothWays = new double[2];
    float[][] forEachClass;
    try (Regression regression = Regression.of(matrixOf(single, 2), 2, false)) {
      Fit fit = regression.fit(0.03, regression.origin(), 500, 1e-10);
      bothWays[0] = fit.objectives().get(0);
      bothWays[1] = fit.objectives().get(1);
      forEachClass = fit.classifier().scores(single);
    }
    try (Regression regression = Regression.of(single, 2, false)) {
      Fit fit = regression.fit(0.03, regression.origin(), 500, 1e-10);
      float[][] scores = fit.classifier().scores(single);
      assertThat(bothWays[0]).isCloseTo(fit.objective(), within(1e-9));
      assertThat(bothWays[1]).isCloseTo(fit.objective(), within(1e-9));
      for (int i = 0; i < scores.length; i++) {
        assertThat(forEachClass[i][1]).isCloseTo(scores[i][1] - scores[i][0], within(1e-3f));
        assertThat(forEachClass[i][0]).isCloseTo(scores[i][0] - scores[i][1], within(1e-3f));
      }
    }
  }

  /** The penalty of the score w x + b is l2/4 w w: there its derivatives are 0. */
  @Test
  void atTheMinimumTheDerivativesOfTheStatedObjectiveAreZero() {
    double l2 = 0.05;
    FeatureSets sets = sets(7, 150, 10);
    LabelledFeatures train = sets.train();
    int width = train.matrix().columns();
    try (Regression regression = Regression.of(train, 3, false)) {
      Fit fit = regression.fit(l2, regression.origin(), 500, 1e-12);
      float[][] scores = fit.classifier().scores(train);
      float[] row = new float[width];
      MultiLabels labels = train.labels().several().orElseThrow();
      for (int c = 0; c < 3; c++) {
        double[] derivative = new double[width + 1];
        double value = 0;
        for (int i = 0; i < scores.length; i++) {
          double sign = labels.has(i, c) ? 1 : -1;
          double wrong = 1 / (1 + Math.exp(sign * scores[i][c]));
          value -= Math.log1p(-wrong) / scores.length;
          train.matrix().copyRow(i, row, 0);
          for (int d = 0; d < width; d++) {
            derivative[d] -= sign * wrong * row[d] / scores.length;
          }
          derivative[width] -= sign * wrong / scores.length;
        }
        for (int d = 0; d < width; d++) {
          int at = c * 2 * (width + 1) + 2 * d;
          double w = fit.parameters()[at + 1] - fit.parameters()[at];
          derivative[d] += l2 / 2 * w;
          value += l2 / 4 * w * w;
        }
        assertThat(derivative).as("class %s", c).contains(new double[width + 1], within(1e-5));
        assertThat(fit.objectives().get(c)).isCloseTo(value, within(1e-6));
      }
    }
  }

  @Test
  void linksThatAreThereAreLearntAndTheRecordHasNoTop1() {
    FeatureSets sets = sets(1, 400, 200);

    Outcome outcome = run(SHORT, sets);
    Measures measures = outcome.test().measures(1);
    ObjectNode details = RecordJson.tree(outcome.details());

    assertThat(outcome.test().value()).isGreaterThan(0.9);
    assertThat(measures.metrics()).containsOnlyKeys(Metric.MAP_11);
    assertThat(measures.metric(Metric.MAP_11).flatMap(Metric::interval).orElseThrow().low())
        .isLessThanOrEqualTo(outcome.test().value());
    assertThat(measures.classes()).hasSize(3);
    assertThat(((Precision) measures.classes().get(0)).positives()).isBetween(50L, 150L);
    assertThat(details.at("/sweep/0").has("validation_map_11")).isTrue();
    assertThat(outcome.objective().orElseThrow())
        .isCloseTo(
            IntStream.range(0, 3)
                .mapToDouble(c -> details.at("/fit/objectives").get(c).asDouble())
                .average()
                .orElseThrow(),
            within(1e-12));
    assertThat(outcome.test()).isInstanceOf(MultiLabelMetrics.class);
  }

  @Test
  void carvingLeavesEveryClassAnExampleOnEitherSideAndHoldsItsShareOfARareOne() {
    boolean[][] classes = new boolean[100][3];
    for (int i = 0; i < 100; i++) {
      classes[i][0] = i % 2 == 0;
      classes[i][1] = i < 10;
      classes[i][2] = i != 50;
    }
    LabelledFeatures examples = of("carved", new float[100][2], MultiLabels.of(classes));
    FeatureSets sets = Clouds.sets(examples, Optional.empty(), examples, 3);

    Partition partition = sets.partition(0.2, 3);
    MultiLabels held = partition.validation().labels().several().orElseThrow();
    MultiLabels kept = partition.fit().labels().several().orElseThrow();

    assertThat(held.examples()).isEqualTo(20);
    assertThat(held.positives(1)).isEqualTo(2);
    assertThat(kept.examples() - kept.positives(2)).isEqualTo(1);
    assertThat(sets.partition(0.2, 3).validation().labels().several().orElseThrow().positives(0))
        .isEqualTo(held.positives(0));
  }

  @ParameterizedTest
  @MethodSource("simclr.eval.probe.ProtocolsTest#protocols")
  void onlyLogregTakesSeveralLabels(Protocol protocol) {
    assertThat(protocol.takesMultiLabel()).isEqualTo(protocol instanceof Logreg);
  }

  @Test
  void aMatrixOfOneClassEachIsAnOrdinarySetToTheOthersAndOneOfSeveralIsNone() {
    LabelledFeatures single = Clouds.examples(1, 30, 4, 3, 1);
    LabelledFeatures matrix = matrixOf(single, 3);
    FeatureSets sets = Clouds.sets(matrix, Optional.empty(), matrix, 3);

    assertThat(sets.singleLabelled("top_1").train().labels().toArray())
        .isEqualTo(single.labels().toArray());
    assertThatThrownBy(() -> sets(1, 30, 10).singleLabelled("top_1"))
        .isInstanceOf(UserException.class)
        .hasMessageMatching(
            "links 1 is a multi-label set \\(example \\d+ has [023] labels\\), expected one label"
                + " each for top_1; probe logreg measures the 11-point mAP of such sets");
  }

  @Test
  void setsThatDoNotFitAreRefusedInOneSentence() {
    LabelledFeatures good = of("a.npy", rows(true, false), rows(false, true));
    refused(
        of("a.npy", rows(true, false), rows(false, false)),
        good,
        "a.npy has no example of class 1, expected at least one with and one without each of the 2"
            + " classes");
    refused(
        of("a.npy", rows(true, true), rows(true, false)),
        good,
        "a.npy has no example without class 0, expected at least one with and one without each of"
            + " the 2 classes");
    refused(
        good,
        of("b.npy", rows(true, true, false)),
        "a.npy has labels of 2 classes and b.npy of 3, expected the same classes");
    refused(
        good,
        of("b.npy", rows(false, false)),
        "b.npy has no example of any class, expected at least one");
    refused(
        good,
        Clouds.of("b.npy", new float[1][2], 0),
        "a.npy has a matrix of labels and b.npy a class for each example, expected the same kind"
            + " for all sets");
  }

  private static void refused(LabelledFeatures train, LabelledFeatures test, String message) {
    assertThatThrownBy(() -> Clouds.sets(train, Optional.empty(), test, 2))
        .isInstanceOf(UserException.class)
        .hasMessage(message);
  }

  private static boolean[] rows(boolean... row) {
    return row;
  }

  private static Outcome run(Protocol protocol, FeatureSets sets) {
    return protocol
        .run(sets, 1, Optional.empty(), Reporter.lines(line -> {}), () -> false)
        .orElseThrow();
  }

  private static FeatureSets sets(long seed, int train, int test) {
    return Clouds.sets(links(seed, train), Optional.empty(), links(seed + 100, test), 3);
  }

  /** An example is of class c where feature c, nearly, is above 0.5. */
  private static LabelledFeatures links(long seed, int examples) {
    Random random = new Random(seed);
    float[][] rows = new float[examples][6];
    boolean[][] classes = new boolean[examples][3];
    for (int i = 0; i < examples; i++) {
      for (int d = 0; d < 6; d++) {
        rows[i][d] = (float) random.nextGaussian();
      }
      for (int c = 0; c < 3; c++) {
        classes[i][c] = rows[i][c] + 0.2 * random.nextGaussian() > 0.5;
      }
    }
    return of("links " + seed, rows, MultiLabels.of(classes));
  }

  private static LabelledFeatures matrixOf(LabelledFeatures single, int classes) {
    boolean[][] rows = new boolean[single.examples()][classes];
    for (int i = 0; i < rows.length; i++) {
      rows[i][single.labels().get(i)] = true;
    }
    return new LabelledFeatures(
        single.name(), single.matrix(), Labels.of(MultiLabels.of(rows)), single.digest());
  }

  private static LabelledFeatures of(String name, boolean[]... classes) {
    return of(name, new float[classes.length][2], MultiLabels.of(classes));
  }

  private static LabelledFeatures of(String name, float[][] rows, MultiLabels classes) {
    return new LabelledFeatures(
        name, FeatureMatrix.of(rows), Labels.of(classes), new DataDigest("", "nothing"));
  }
}
