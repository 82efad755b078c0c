package simclr.eval.probe;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import simclr.eval.features.FeatureMatrix;

/**
 * Shift and scale of each feature.
 *
 * <p>Features that are only shifted, but whose spread is so large or small that its square would
 * leave the range of single precision, are all scaled by one power of two ({@link #factor}).
 *
 * <p>A shift alone changes nothing in a classifier whose bias is free: the bias takes it up. It
 * only makes the search for the minimum easier and rounding smaller.
 */
public final class Standardizer {
  /** Below this part of the mean the spread of a constant feature is rounding. */
  private static final double CONSTANT = 1e-6;

  /**
   * The spread of features that are taken as they are lies between the inverse of this and this.
   */
  private static final int WIDEST_EXPONENT = 40;

  private final double factor;
  private final double[] mean;
  private final double[] scale;
  private final double[] variance;

  private Standardizer(double factor, double[] mean, double[] scale, double[] variance) {
    this.factor = factor;
    this.mean = mean;
    this.scale = scale;
    this.variance = variance;
  }

  /** Brings the mean of each feature to 0. */
  public static Standardizer centring(FeatureMatrix features) {
    return of(features, false);
  }

  /**
   * Brings mean and deviation of each feature to 0 and 1; one that never varies is only shifted.
   */
  public static Standardizer standardising(FeatureMatrix features) {
    return of(features, true);
  }

  /** Leaves features as they are. */
  public static Standardizer none(int width) {
    double[] ones = new double[width];
    Arrays.fill(ones, 1);
    return new Standardizer(1, new double[width], ones, ones);
  }

  private static Standardizer of(FeatureMatrix features, boolean standardise) {
    int width = features.columns();
    double[] mean = new double[width];
    double[] square = new double[width];
    float[] row = new float[width];
    for (int i = 0; i < features.rows(); i++) {
      features.copyRow(i, row, 0);
      // Welford's recurrence keeps what a difference of large sums would lose.
      for (int d = 0; d < width; d++) {
        double offset = row[d] - mean[d];
        mean[d] += offset / (i + 1);
        square[d] += offset * (row[d] - mean[d]);
      }
    }
    double[] deviation = new double[width];
    for (int d = 0; d < width; d++) {
      deviation[d] = Math.sqrt(square[d] / features.rows());
    }
    double factor = standardise ? 1 : factor(deviation);
    double[] scale = new double[width];
    double[] variance = new double[width];
    for (int d = 0; d < width; d++) {
      boolean constant = deviation[d] <= CONSTANT * Math.abs(mean[d]) || deviation[d] == 0;
      scale[d] = standardise && !constant ? 1 / deviation[d] : factor;
      variance[d] = deviation[d] * deviation[d] * scale[d] * scale[d];
    }
    return new Standardizer(factor, mean, scale, variance);
  }

  /** A power of two that brings the largest deviation near 1, if it is far from it. */
  private static double factor(double[] deviation) {
    double largest = Arrays.stream(deviation).max().orElse(0);
    int exponent = largest > 0 ? Math.getExponent(largest) : 0;
    return Math.abs(exponent) > WIDEST_EXPONENT ? Math.scalb(1.0, -exponent) : 1;
  }

  /**
   * What features that are only shifted were multiplied with; 1 for standardised ones. A penalty on
   * the weights of the features as they were is {@code factor^2} times as large on those of the
   * scaled ones.
   */
  public double factor() {
    return factor;
  }

  public int width() {
    return mean.length;
  }

  /** Of a feature after scaling. */
  public double variance(int feature) {
    return variance[feature];
  }

  /** The value of a feature after scaling. */
  double apply(int feature, float value) {
    return (value - mean[feature]) * scale[feature];
  }

  /** Scales a row that begins at {@code offset}, in place. */
  public void apply(float[] rows, int offset) {
    for (int d = 0; d < mean.length; d++) {
      rows[offset + d] = (float) apply(d, rows[offset + d]);
    }
  }

  void requireWidth(FeatureMatrix features) {
    checkArgument(
        features.columns() == width(),
        "a row has %s features, expected %s",
        features.columns(),
        width());
  }
}
