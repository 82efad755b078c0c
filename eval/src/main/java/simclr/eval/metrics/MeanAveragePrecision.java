package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * The 11-point mean average precision of Pascal VOC 2007: precision at recall 0, 0.1, ... 1,
 * interpolated as the best precision at that recall or above, averaged; then the mean of the
 * classes.
 *
 * <p>Examples with equal scores enter together, so that their order in the file changes nothing. A
 * class without an example has no average precision and is left out of the mean.
 *
 * @param byClass of each class, 0 to 1; empty for one without an example
 */
public record MeanAveragePrecision(ImmutableList<OptionalDouble> byClass) {

  /**
   * Ranks the examples for each class.
   *
   * @param scores shape (examples, classes); the larger, the surer
   */
  public static MeanAveragePrecision of(float[][] scores, MultiLabels labels) {
    return new Ranked(scores, labels).once();
  }

  /** The mean over the classes that have an example, 0 to 1; NaN if none has. */
  public double value() {
    return byClass.stream()
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .average()
        .orElse(Double.NaN);
  }

  /** Examples in the order of their scores, for any number of samples of them. */
  static final class Ranked {
    private final int examples;
    private final ImmutableList<ClassRanking> classes;

    Ranked(float[][] scores, MultiLabels labels) {
      checkArgument(
          scores.length == labels.examples(),
          "scores has %s rows, expected %s as there are labels",
          scores.length,
          labels.examples());
      this.examples = scores.length;
      this.classes =
          IntStream.range(0, labels.classes())
              .mapToObj(c -> ClassRanking.of(scores, labels, c))
              .collect(ImmutableList.toImmutableList());
    }

    /** With every example once. */
    MeanAveragePrecision once() {
      int[] counts = new int[examples];
      Arrays.fill(counts, 1);
      return ofCounts(counts);
    }

    /** Of a sample of the examples, which may name one several times. */
    MeanAveragePrecision ofSample(int[] sample) {
      int[] counts = new int[examples];
      for (int example : sample) {
        counts[example]++;
      }
      return ofCounts(counts);
    }

    private MeanAveragePrecision ofCounts(int[] counts) {
      return new MeanAveragePrecision(
          classes.stream()
              .map(ranking -> ranking.averagePrecision(counts))
              .collect(ImmutableList.toImmutableList()));
    }
  }
}
