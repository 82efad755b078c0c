package simclr.eval.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.primitives.ImmutableLongArray;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import simclr.eval.metrics.ClassResult.Recall;

final class ClassificationMetricsTest {
  private static final List<String> PETS = List.of("cat", "dog", "fish");
  private static final List<String> SEVEN = List.of("a", "b", "c", "d", "e", "f", "g");

  @Test
  void figuresAreThoseCountedByHand() {
    ClassificationMetrics metrics =
        ClassificationMetrics.of(
            new float[][] {
              {3, 1, 2}, {0, 5, 1}, {9, 1, 1}, {1, 2, 3}, {2, 1, 0}, {0.5f, 0.1f, 0.4f}
            },
            new int[] {0, 1, 1, 1, 0, 0},
            PETS);

    assertThat(metrics.top1()).isEqualTo(new Accuracy(4, 6));
    assertThat(metrics.top5()).isEmpty();
    assertThat(metrics.meanPerClass()).isCloseTo((1 + 1 / 3.0) / 2, within(1e-12));
    assertThat(metrics.perClass())
        .containsExactly(
            new Recall("cat", 3, 3), new Recall("dog", 3, 1), new Recall("fish", 0, 0));
    assertThat(metrics.confusion())
        .containsExactly(
            ImmutableLongArray.of(3, 0, 0),
            ImmutableLongArray.of(1, 1, 1),
            ImmutableLongArray.of(0, 0, 0));
  }

  @Test
  void amongEqualScoresTheLowestClassIsNamed() {
    float[] equal = {1, 1, 1, 1, 1, 1, 1};
    float[][] scores = {equal, equal, equal};

    ClassificationMetrics metrics = ClassificationMetrics.of(scores, new int[] {0, 4, 5}, SEVEN);

    assertThat(metrics.predictions().rows()).extracting(Predictions.Row::predicted).containsOnly(0);
    assertThat(metrics.top1()).isEqualTo(new Accuracy(1, 3));
    assertThat(metrics.top5()).contains(new Accuracy(2, 3));
  }

  @Test
  void topFiveNeedsMoreThanFiveClasses() {
    float[][] five = {{1, 2, 3, 4, 5}};
    float[][] six = {{1, 2, 3, 4, 5, 6}};

    assertThat(ClassificationMetrics.of(five, new int[] {0}, SEVEN.subList(0, 5)).top5()).isEmpty();
    assertThat(ClassificationMetrics.of(six, new int[] {0}, SEVEN.subList(0, 6)).top5())
        .contains(new Accuracy(0, 1));
    assertThat(ClassificationMetrics.of(six, new int[] {1}, SEVEN.subList(0, 6)).top5())
        .contains(new Accuracy(1, 1));
  }

  @Test
  void aShiftOfAllScoresChangesNothingAndTheTableAgreesWithTheShares() {
    Random random = new Random(5);
    float[][] scores = new float[300][7];
    float[][] shifted = new float[300][7];
    int[] labels = new int[300];
    for (int i = 0; i < 300; i++) {
      labels[i] = random.nextInt(7);
      for (int c = 0; c < 7; c++) {
        scores[i][c] = random.nextInt(4); // Few values, so that many are equal.
        shifted[i][c] = scores[i][c] + 8;
      }
    }

    ClassificationMetrics metrics = ClassificationMetrics.of(scores, labels, SEVEN);

    assertThat(ClassificationMetrics.of(shifted, labels, SEVEN).predictions())
        .isEqualTo(metrics.predictions());
    assertThat(metrics.perClass().stream().mapToLong(Recall::correct).sum())
        .isEqualTo(metrics.top1().correct());
    assertThat(metrics.confusion().stream().mapToLong(row -> row.stream().sum()).sum())
        .isEqualTo(300);
    assertThat(metrics.top5().orElseThrow().correct()).isGreaterThan(metrics.top1().correct());
    assertThat(metrics.predictions().labels()).isEqualTo(IntStream.of(labels).boxed().toList());
  }

  @Test
  void whatCannotBeMeasuredIsRefused() {
    assertThatThrownBy(() -> ClassificationMetrics.of(new float[2][3], new int[1], PETS))
        .hasMessage("scores has 2 rows, expected 1 as there are labels");
    assertThatThrownBy(() -> ClassificationMetrics.of(new float[1][3], new int[] {3}, PETS))
        .hasMessage("label (3) must be in [0, 3)");
    assertThatThrownBy(
            () -> ClassificationMetrics.of(new float[][] {{0, Float.NaN, 0}}, new int[1], PETS))
        .hasMessage("score of class 1 is NaN, expected a number");
    assertThatThrownBy(() -> ClassificationMetrics.over(PETS).finish())
        .hasMessage("there must be an example to measure");
  }
}
