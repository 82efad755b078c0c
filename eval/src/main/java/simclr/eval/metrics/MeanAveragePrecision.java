package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import java.util.Comparator;
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
  private static final int POINTS = 11;

  /**
   * Ranks the examples for each class.
   *
   * @param scores shape (examples, classes); the larger, the surer
   */
  public static MeanAveragePrecision of(float[][] scores, MultiLabels labels) {
    return of(scores, labels, IntStream.range(0, scores.length).toArray());
  }

  /** The same of a sample of the examples, which may name one several times, for a bootstrap. */
  public static MeanAveragePrecision of(float[][] scores, MultiLabels labels, int[] sample) {
    checkArgument(
        scores.length == labels.examples(),
        "scores has %s rows, expected %s as there are labels",
        scores.length,
        labels.examples());
    ImmutableList.Builder<OptionalDouble> byClass = ImmutableList.builder();
    for (int c = 0; c < labels.classes(); c++) {
      byClass.add(averagePrecision(scores, labels, c, sample));
    }
    return new MeanAveragePrecision(byClass.build());
  }

  /** The mean over the classes that have an example, 0 to 1; NaN if none has. */
  public double value() {
    return byClass.stream()
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .average()
        .orElse(Double.NaN);
  }

  private static OptionalDouble averagePrecision(
      float[][] scores, MultiLabels labels, int label, int[] sample) {
    for (int example : sample) {
      checkArgument(scores[example].length == labels.classes(), "row %s is too short", example);
      checkArgument(!Float.isNaN(scores[example][label]), "score of example %s is NaN", example);
    }
    int positives = Math.toIntExact(IntStream.of(sample).filter(i -> labels.has(i, label)).count());
    if (positives == 0) {
      return OptionalDouble.empty();
    }
    ImmutableIntArray ranked =
        ImmutableIntArray.copyOf(
            IntStream.of(sample)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -scores[i][label]))
                .mapToInt(Integer::intValue));
    double[] best = new double[POINTS];
    int found = 0;
    for (int i = 0; i < ranked.length(); i++) {
      found += labels.has(ranked.get(i), label) ? 1 : 0;
      boolean tied =
          i + 1 < ranked.length()
              && scores[ranked.get(i)][label] == scores[ranked.get(i + 1)][label];
      if (!tied) {
        double precision = (double) found / (i + 1);
        // Whole numbers: 0.3 of 10 is not below a recall of 3 of 10 by rounding.
        for (int point = 0; point * (long) positives <= found * (POINTS - 1L); point++) {
          if (point == POINTS) {
            break;
          }
          best[point] = Math.max(best[point], precision);
        }
      }
    }
    return IntStream.range(0, POINTS).mapToDouble(point -> best[point]).average();
  }
}
