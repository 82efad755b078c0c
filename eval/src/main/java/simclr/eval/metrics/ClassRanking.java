package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Comparator;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * All examples in the order of their scores for one class, so that the average precision of a
 * sample of them needs no sorting.
 */
final class ClassRanking {
  private static final int POINTS = 11;

  private final int[] order;
  private final boolean[] positive;
  private final boolean[] tiedWithNext;

  private ClassRanking(int[] order, boolean[] positive, boolean[] tiedWithNext) {
    this.order = order;
    this.positive = positive;
    this.tiedWithNext = tiedWithNext;
  }

  /**
   * Ranks.
   *
   * @param scores shape (examples, classes); the larger, the surer
   */
  static ClassRanking of(float[][] scores, MultiLabels labels, int label) {
    for (int i = 0; i < scores.length; i++) {
      checkArgument(scores[i].length == labels.classes(), "row %s is too short", i);
      checkArgument(!Float.isNaN(scores[i][label]), "score of example %s is NaN", i);
    }
    int[] order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparing((Integer i) -> -scores[i][label]))
            .mapToInt(Integer::intValue)
            .toArray();
    boolean[] positive = new boolean[order.length];
    boolean[] tied = new boolean[order.length];
    for (int rank = 0; rank < order.length; rank++) {
      positive[rank] = labels.has(order[rank], label);
      tied[rank] =
          rank + 1 < order.length && scores[order[rank]][label] == scores[order[rank + 1]][label];
    }
    return new ClassRanking(order, positive, tied);
  }

  /**
   * Of the examples, each as often as it is counted.
   *
   * @return empty if no example of the class is counted
   */
  OptionalDouble averagePrecision(int[] counts) {
    long positives = 0;
    for (int rank = 0; rank < order.length; rank++) {
      positives += positive[rank] ? counts[order[rank]] : 0;
    }
    if (positives == 0) {
      return OptionalDouble.empty();
    }
    double[] best = new double[POINTS];
    long seen = 0;
    long found = 0;
    for (int rank = 0; rank < order.length; rank++) {
      int count = counts[order[rank]];
      seen += count;
      found += positive[rank] ? count : 0;
      if (found > 0 && !tiedWithNext[rank]) {
        // Whole numbers: a recall of 3 of 10 is not below 0.3 by rounding.
        int point = (int) (found * (POINTS - 1) / positives);
        best[point] = Math.max(best[point], (double) found / seen);
      }
    }
    for (int point = POINTS - 2; point >= 0; point--) {
      best[point] = Math.max(best[point], best[point + 1]);
    }
    return IntStream.range(0, POINTS).mapToDouble(point -> best[point]).average();
  }
}
