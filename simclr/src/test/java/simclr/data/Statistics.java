package simclr.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Tests of distributions on draws whose seeds are fixed, so that a test which holds always holds.
 * Thresholds are where one honest sample in a thousand or fewer would fail.
 */
public final class Statistics {
  private Statistics() {}

  /** Kolmogorov and Smirnov's test against the uniform distribution in [low, high). */
  public static void assertUniform(String what, double[] sample, double low, double high) {
    double[] sorted = Arrays.stream(sample).sorted().toArray();
    assertThat(sorted[0]).as("least %s", what).isGreaterThanOrEqualTo(low);
    assertThat(sorted[sorted.length - 1]).as("largest %s", what).isLessThan(high);
    double distance = 0;
    for (int i = 0; i < sorted.length; i++) {
      double expected = (sorted[i] - low) / (high - low);
      distance = Math.max(distance, Math.abs(expected - (double) i / sorted.length));
      distance = Math.max(distance, Math.abs(expected - (double) (i + 1) / sorted.length));
    }
    assertThat(distance).as("KS distance of %s", what).isLessThan(1.95 / Math.sqrt(sample.length));
  }

  /** Their two-sample test. */
  public static void assertSameDistribution(String what, double[] a, double[] b) {
    double[] x = Arrays.stream(a).sorted().toArray();
    double[] y = Arrays.stream(b).sorted().toArray();
    double distance = 0;
    int j = 0;
    for (int i = 0; i < x.length; i++) {
      if (i + 1 < x.length && x[i + 1] == x[i]) {
        continue;
      }
      while (j < y.length && y[j] <= x[i]) {
        j++;
      }
      distance = Math.max(distance, Math.abs((i + 1.0) / x.length - (double) j / y.length));
    }
    double scale = Math.sqrt(1.0 / x.length + 1.0 / y.length);
    assertThat(distance).as("KS distance of %s", what).isLessThan(1.95 * scale);
  }

  /** Pearson's test that all counts have the same expectation. */
  public static void assertEquallyLikely(String what, long[] counts) {
    double expected = (double) Arrays.stream(counts).sum() / counts.length;
    double chiSquare =
        Arrays.stream(counts).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    assertThat(chiSquare)
        .as("chi-square of %s", what)
        .isLessThan(chiSquareLimit(counts.length - 1));
  }

  /** The share of ones lies within 4 standard errors of a probability. */
  public static void assertProbability(String what, double[] zeroOrOne, double probability) {
    double error = Math.sqrt(probability * (1 - probability) / zeroOrOne.length);
    assertThat(mean(zeroOrOne) - probability).as(what).isBetween(-4 * error, 4 * error);
  }

  /** Two columns of draws do not correlate, nor do their squares. */
  public static void assertUncorrelated(String what, double[] a, double[] b) {
    double limit = 4.5 / Math.sqrt(a.length);
    assertThat(correlation(a, b)).as(what).isBetween(-limit, limit);
    assertThat(correlation(squares(a), squares(b)))
        .as("squares of " + what)
        .isBetween(-limit, limit);
  }

  public static double mean(double[] x) {
    return Arrays.stream(x).average().orElseThrow();
  }

  /** Of the mean. */
  public static double standardError(double[] x) {
    double mean = mean(x);
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / (x.length - 1);
    return Math.sqrt(variance / x.length);
  }

  private static double correlation(double[] a, double[] b) {
    double meanA = mean(a);
    double meanB = mean(b);
    double product =
        IntStream.range(0, a.length)
            .mapToDouble(i -> (a[i] - meanA) * (b[i] - meanB))
            .average()
            .orElseThrow();
    return product / (standardError(a) * standardError(b) * a.length);
  }

  private static double[] squares(double[] x) {
    double mean = mean(x);
    return Arrays.stream(x).map(v -> (v - mean) * (v - mean)).toArray();
  }

  /** The 99.9th percentile, by Wilson and Hilferty's approximation. */
  private static double chiSquareLimit(int freedom) {
    double k = 2.0 / (9 * freedom);
    return freedom * Math.pow(1 - k + 3.09 * Math.sqrt(k), 3);
  }
}
