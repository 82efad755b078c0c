package simclr.eval.compare;

import simclr.eval.metrics.ConfidenceInterval;

/**
 * By how much B differs from A in one figure.
 *
 * @param figure its name, such as {@code top_1}
 * @param first of A, 0 to 1
 * @param second of B, 0 to 1
 * @param interval 95 % bootstrap interval of B minus A
 * @param permutationP probability of such a difference if the models were equally good
 */
public record FigureDifference(
    String figure, double first, double second, ConfidenceInterval interval, double permutationP) {
  public double difference() {
    return second - first;
  }
}
