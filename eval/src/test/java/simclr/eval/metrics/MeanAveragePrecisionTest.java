package simclr.eval.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import simclr.config.UserException;

final class MeanAveragePrecisionTest {

  @Test
  void elevenPointsAreThoseComputedByHand() {
    // Ranked: right, wrong, right, wrong, wrong; 2 positives. Precision 1 up to recall 0.5
    // (points 0 to 0.5: 6 of them), 2/3 beyond (5 points).
    float[][] scores = {{0.9f}, {0.8f}, {0.7f}, {0.6f}, {0.5f}};
    MultiLabels labels = labels(true, false, true, false, false);

    assertThat(MeanAveragePrecision.of(scores, labels).value())
        .isCloseTo((6 + 5 * 2 / 3.0) / 11, within(1e-12));
  }

  @Test
  void aRecallOfExactlyATenthCounts() {
    // 10 positives, the first ranked first, the others last behind 10 negatives.
    float[][] scores = new float[20][1];
    boolean[] right = new boolean[20];
    for (int i = 0; i < 20; i++) {
      scores[i][0] = 20 - i;
      right[i] = i < 3 || i >= 13;
    }
    // Precision 1 at recall 0 to 0.3; afterwards the best is that of the end, 10 of 20.
    assertThat(MeanAveragePrecision.of(scores, labels(right)).value())
        .isCloseTo((4 + 7 * 0.5) / 11, within(1e-12));
  }

  @Test
  void perfectRankingIsOneAndGuessingTheShareOfPositives() {
    float[][] scores = {{2, 0}, {1, 0}, {0, 0}, {0, 0}};
    MultiLabels labels =
        MultiLabels.of(
            new boolean[][] {{true, true}, {true, false}, {false, false}, {false, false}});

    MeanAveragePrecision map = MeanAveragePrecision.of(scores, labels);

    assertThat(map.byClass()).containsExactly(OptionalDouble.of(1), OptionalDouble.of(0.25));
    assertThat(map.value()).isEqualTo(0.625);
  }

  @Test
  void aClassWithoutAnExampleIsLeftOut() {
    float[][] scores = {{2, 1}, {1, 5}};
    MultiLabels labels = MultiLabels.of(new boolean[][] {{true, false}, {false, false}});

    MeanAveragePrecision map = MeanAveragePrecision.of(scores, labels);

    assertThat(map.byClass().get(1)).isEmpty();
    assertThat(map.value()).isEqualTo(1);
  }

  @Test
  void orderOfTheExamplesAndScaleOfTheScoresDoNotMatter() {
    Random random = new Random(3);
    int n = 60;
    float[][] scores = new float[n][2];
    boolean[][] classes = new boolean[n][2];
    float[][] reversed = new float[n][];
    boolean[][] reversedClasses = new boolean[n][];
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < 2; c++) {
        scores[i][c] = random.nextInt(6);
        classes[i][c] = random.nextBoolean();
      }
      reversed[n - 1 - i] = new float[] {2 * scores[i][0] + 1, 2 * scores[i][1] + 1};
      reversedClasses[n - 1 - i] = classes[i];
    }

    assertThat(MeanAveragePrecision.of(reversed, MultiLabels.of(reversedClasses)).value())
        .isCloseTo(MeanAveragePrecision.of(scores, MultiLabels.of(classes)).value(), within(1e-12));
  }

  @Test
  void aSampleIsMeasuredAsIfItsExamplesStoodThereSoOften() {
    Random random = new Random(4);
    float[][] scores = new float[40][3];
    boolean[][] classes = new boolean[40][3];
    for (int i = 0; i < 40; i++) {
      for (int c = 0; c < 3; c++) {
        scores[i][c] = random.nextInt(15);
        classes[i][c] = random.nextInt(4) == 0;
      }
    }
    MeanAveragePrecision.Ranked ranked =
        new MeanAveragePrecision.Ranked(scores, MultiLabels.of(classes));
    for (int round = 0; round < 20; round++) {
      int[] sample = random.ints(40, 0, 40).toArray();
      float[][] drawn = new float[40][];
      for (int i = 0; i < 40; i++) {
        drawn[i] = scores[sample[i]];
      }

      assertThat(ranked.ofSample(sample))
          .isEqualTo(MeanAveragePrecision.of(drawn, MultiLabels.of(classes).select(sample)));
    }
  }

  @Test
  void aMultiLabelSetIsRefusedForASingleLabelMetric() {
    MultiLabels labels = MultiLabels.of(new boolean[][] {{true, false}, {true, true}});

    assertThatThrownBy(() -> labels.singleClasses("voc2007", "top_1"))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "voc2007 is a multi-label set (example 1 has 2 labels), expected one label each for"
                + " top_1; probe logreg measures the 11-point mAP of such sets");
    assertThat(
            MultiLabels.of(new boolean[][] {{true, false}, {false, true}})
                .singleClasses("pets", "top_1"))
        .containsExactly(0, 1);
  }

  private static MultiLabels labels(boolean... right) {
    boolean[][] rows = new boolean[right.length][];
    for (int i = 0; i < right.length; i++) {
      rows[i] = new boolean[] {right[i]};
    }
    return MultiLabels.of(rows);
  }
}
