package simclr.eval.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.probe.knn.Knn;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.ridge.Ridge;
import simclr.eval.probe.sgd.LinearSgd;
import simclr.eval.record.RecordJson;

@Tag("numeric")
final class ProtocolsTest {
  private static final Logreg SHORT =
      new Logreg(OptionalDouble.empty(), 5, 1e-4, 1, false, 0.2, 500, 1e-6, 1e-4);

  static Stream<Protocol> protocols() {
    return Stream.of(
        SHORT,
        new LinearSgd(20, 64, 0.1, 0, 0.9, false),
        Knn.standard(),
        Ridge.standard(),
        new Ridge(ImmutableList.of(5), 3, OptionalDouble.empty()));
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void cloudsFarApartAreLearntNoiseIsNotAndASeedRepeats(Protocol protocol) {
    FeatureSets far = Clouds.sets(600, 240, 16, 6, 6);
    Outcome outcome = run(protocol, far, 1);
    assertThat(classified(outcome).top1().value()).isGreaterThan(0.97);
    assertThat(classified(run(protocol, far, 1)).predictions())
        .isEqualTo(classified(outcome).predictions());

    double noise = classified(run(protocol, Clouds.sets(600, 600, 16, 6, 0), 1)).top1().value();
    assertThat(noise).isCloseTo(1 / 6.0, within(0.07));
  }

  /** A rate that suits features of length 1 throws a classifier of large ones about. */
  @Test
  void trainingThatEndsWorseThanGuessingIsSaidAndStandardizingHelps() {
    FeatureSets plain = Clouds.sets(300, 200, 16, 4, 2);
    FeatureSets large =
        Clouds.sets(scaled(plain.train(), 1024), Optional.empty(), scaled(plain.test(), 1024), 4);
    Protocol asTheReference = new LinearSgd(5, 32, 1, 0, 0.9, false);
    Protocol standardizing = new LinearSgd(5, 32, 1, 0, 0.9, true);
    List<String> said = new ArrayList<>();

    run(asTheReference, large, Reporter.lines(said::add));
    assertThat(said).anyMatch(line -> line.contains("worse than the 1.386 of guessing"));
    assertThatThrownBy(() -> run(new LinearSgd(5, 32, 1e38, 0, 0.9, false), large, 1))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("training overflowed at --learning_rate=1.0E38, expected a lower");
    said.clear();
    Outcome outcome = run(standardizing, large, Reporter.lines(said::add));

    assertThat(said).noneMatch(line -> line.contains("guessing"));
    assertThat(classified(outcome).predictions())
        .isEqualTo(classified(run(standardizing, plain, 1)).predictions());
  }

  /** Three in four of each group carry its label, so the best objective is that entropy. */
  @Test
  void logregReachesAKnownOptimum() {
    float[][] rows = {{5}, {5}, {5}, {5}, {3}, {3}, {3}, {3}};
    LabelledFeatures examples = Clouds.of("groups", rows, 1, 1, 1, 0, 0, 0, 0, 1);
    FeatureSets sets = Clouds.sets(examples, Optional.empty(), examples, 2);
    Logreg nearlyFree = new Logreg(OptionalDouble.of(1e-9), 1, 1, 1, false, 0.2, 500, 1e-9, 1e-9);

    Outcome outcome = run(nearlyFree, sets, 1);

    double entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
    assertThat(outcome.objective().orElseThrow()).isCloseTo(entropy, within(1e-6));
    assertThat(classified(outcome).top1().correct()).isEqualTo(6);
  }

  @Test
  void logregOfFeaturesOfVeryDifferentScalesConverges() {
    LabelledFeatures plain = Clouds.examples(3, 300, 8, 4, 1);
    float[][] rows = new float[300][8];
    for (int i = 0; i < rows.length; i++) {
      plain.matrix().copyRow(i, rows[i], 0);
      for (int d = 0; d < 8; d++) {
        rows[i][d] = (float) (rows[i][d] * Math.pow(10, d - 4) + 3);
      }
    }
    FeatureSets sets =
        Clouds.sets(
            Clouds.of("scales", rows, plain.labels().toArray()), Optional.empty(), plain, 4);
    Logreg fixed = new Logreg(OptionalDouble.of(1e-6), 1, 1, 1, false, 0.2, 500, 1e-8, 1e-4);

    assertThat(details(run(fixed, sets, 1)).at("/fit/converged").asBoolean()).isTrue();
  }

  @Test
  void aGivenValidationSplitIsTakenAndLearntFromInTheEnd() {
    LabelledFeatures validation = Clouds.examples(5, 60, 16, 6, 2);
    FeatureSets sets =
        Clouds.sets(
            Clouds.examples(1, 300, 16, 6, 2),
            Optional.of(validation),
            Clouds.examples(2, 60, 16, 6, 2),
            6);

    Outcome outcome = run(SHORT, sets, 1);

    assertThat(outcome.partition().orElseThrow().carved()).isFalse();
    assertThat(details(outcome).at("/fit/examples").asInt()).isEqualTo(360);
    assertThat(details(outcome).get("sweep")).hasSize(5);
    assertThat(SHORT.random(sets)).isFalse();
  }

  @Test
  void carvingIsStratifiedSeededAndLeavesEveryClassSomething() {
    float[][] rows = new float[41][1];
    int[] labels = new int[41];
    for (int i = 0; i < 40; i++) {
      rows[i][0] = i;
      labels[i] = i % 2;
    }
    labels[40] = 2;
    LabelledFeatures examples = Clouds.of("carved", rows, labels);
    FeatureSets sets = Clouds.sets(examples, Optional.empty(), examples, 3);

    Partition partition = sets.partition(0.2, 7);

    assertThat(partition.validation().labels().counts(3)).containsExactly(4, 4, 0);
    assertThat(partition.fit().labels().counts(3)).containsExactly(16, 16, 1);
    assertThat(values(partition.validation()))
        .isEqualTo(values(sets.partition(0.2, 7).validation()))
        .isNotEqualTo(values(sets.partition(0.2, 8).validation()))
        .doesNotContainAnyElementsOf(values(partition.fit()));
  }

  @Test
  void neighboursVoteAsABruteForceSearchDoes() {
    FeatureSets sets = Clouds.sets(90, 40, 5, 3, 1);
    Knn knn = new Knn(ImmutableList.of(7), Knn.Weighting.EXP, 0.2, 0.2);

    Outcome outcome = run(knn, sets, 1);

    for (int query = 0; query < 40; query++) {
      int q = query;
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < 90; i++) {
        order.add(i);
      }
      order.sort(Comparator.comparingDouble(i -> -cosine(sets.test(), q, sets.train(), i)));
      double[] votes = new double[3];
      for (int i : order.subList(0, 7)) {
        votes[sets.train().labels().get(i)] +=
            Math.exp(cosine(sets.test(), q, sets.train(), i) / 0.2);
      }
      int best = 0;
      for (int c = 1; c < 3; c++) {
        best = votes[c] > votes[best] ? c : best;
      }
      assertThat(classified(outcome).predictions().rows().get(q).predicted()).isEqualTo(best);
    }
  }

  @Test
  void setsThatDoNotFitAreRefusedInOneSentence() {
    LabelledFeatures good = Clouds.examples(1, 12, 4, 3, 1);
    refused(
        () -> Clouds.sets(Clouds.of("a.npy", new float[3][4], 0, 2, 2), Optional.empty(), good, 3),
        "a.npy has no example of class 1, expected at least one of each of the 3 classes");
    refused(
        () -> Clouds.sets(Clouds.of("a.npy", new float[2][4], 0, 2), Optional.empty(), good, 3),
        "a.npy has 2 examples of 3 classes, expected at least one of each");
    refused(
        () -> Clouds.sets(good, Optional.empty(), Clouds.of("b.npy", new float[1][5], 0), 3),
        "clouds 1 has 4 features a row and b.npy has 5, expected the same");
    refused(
        () -> Clouds.sets(good, Optional.empty(), Clouds.of("b.npy", new float[1][4], 3), 3),
        "b.npy has label 3 in row 0, expected 0 to 2 as in training");
    refused(
        () -> Clouds.sets(good, Optional.empty(), Clouds.of("b.npy", new float[1][4], -1), 3),
        "b.npy has no labels, expected a class for each example");
    refused(
        () -> Clouds.of("b.npy", new float[3][4], 0, 1),
        "b.npy has 3 rows of features and 2 labels, expected as many of each");
    refused(
        () ->
            run(
                new Ridge(ImmutableList.of(5), 1, OptionalDouble.empty()),
                Clouds.sets(12, 6, 4, 3, 1),
                1),
        "--shots is 5 and clouds 1 has 4 examples of class 0, expected at least as many");
    refused(
        () ->
            run(
                new Knn(ImmutableList.of(13), Knn.Weighting.UNIFORM, 1, 0.2),
                Clouds.sets(12, 6, 4, 3, 1),
                1),
        "--k is 13, expected at most the 12 examples that are searched");
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(UserException.class).hasMessage(message);
  }

  private static Outcome run(Protocol protocol, FeatureSets sets, long seed) {
    return protocol
        .run(sets, seed, Optional.empty(), Reporter.lines(line -> {}), () -> false)
        .orElseThrow();
  }

  private static Outcome run(Protocol protocol, FeatureSets sets, Reporter reporter) {
    return protocol.run(sets, 1, Optional.empty(), reporter, () -> false).orElseThrow();
  }

  /** By a power of two, which rounds nothing. */
  private static LabelledFeatures scaled(LabelledFeatures examples, float factor) {
    float[][] rows = new float[examples.examples()][examples.matrix().columns()];
    for (int i = 0; i < rows.length; i++) {
      examples.matrix().copyRow(i, rows[i], 0);
      for (int d = 0; d < rows[i].length; d++) {
        rows[i][d] *= factor;
      }
    }
    return Clouds.of("scaled", rows, examples.labels().toArray());
  }

  private static ObjectNode details(Outcome outcome) {
    return RecordJson.tree(outcome.details());
  }

  private static ClassificationMetrics classified(Outcome outcome) {
    return (ClassificationMetrics) outcome.test();
  }

  private static List<Float> values(LabelledFeatures examples) {
    List<Float> values = new ArrayList<>();
    float[] row = new float[1];
    for (int i = 0; i < examples.examples(); i++) {
      examples.matrix().copyRow(i, row, 0);
      values.add(row[0]);
    }
    return values;
  }

  private static double cosine(LabelledFeatures a, int i, LabelledFeatures b, int j) {
    float[] x = new float[a.matrix().columns()];
    float[] y = new float[x.length];
    a.matrix().copyRow(i, x, 0);
    b.matrix().copyRow(j, y, 0);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int d = 0; d < x.length; d++) {
      xy += x[d] * y[d];
      xx += x[d] * x[d];
      yy += y[d] * y[d];
    }
    return xy / Math.sqrt(xx * yy);
  }
}
