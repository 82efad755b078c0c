package simclr.eval;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import simclr.eval.metrics.Accuracy;

/**
 * Linear classification of frozen representations: multinomial logistic regression.
 *
 * <p>Every feature is standardised with the training set's mean and deviation. The objective, mean
 * cross entropy plus {@code l2 / 2} times the squared weights (not the intercepts), is convex, so
 * what is found does not depend on a start or a seed; the same input gives the same bits on any
 * number of cores.
 */
public final class LinearProbe {
  private final Standardisation standardisation;
  private final int classes;
  private final double[] parameters;
  private final Fit fit;

  private LinearProbe(Standardisation standardisation, int classes, double[] parameters, Fit fit) {
    this.standardisation = standardisation;
    this.classes = classes;
    this.parameters = parameters;
    this.fit = fit;
  }

  /**
   * How to fit.
   *
   * @param l2 factor of the penalty, above 0
   * @param maxIterations where the fit ends if it has not converged
   * @param tolerance the fit has converged when no derivative is larger
   */
  public record Settings(double l2, int maxIterations, double tolerance) {
    public Settings {
      checkArgument(l2 > 0, "l2 (%s) must be > 0", l2);
      checkArgument(maxIterations > 0, "maxIterations (%s) must be > 0", maxIterations);
      checkArgument(tolerance > 0, "tolerance (%s) must be > 0", tolerance);
    }

    /** A light penalty and more iterations than a few hundred features need. */
    public static Settings standard() {
      return new Settings(1e-2, 1000, 1e-4);
    }
  }

  /**
   * How the fit ended.
   *
   * @param iterations steps of the optimizer
   * @param objective value of the objective at the end
   * @param largestDerivative by absolute value, at the end
   * @param converged whether that is within the tolerance
   */
  public record Fit(
      int iterations, double objective, double largestDerivative, boolean converged) {}

  /**
   * Fits a classifier.
   *
   * @param features one row for each example, all of one length
   * @param labels class of each row, 0 to {@code classes - 1}
   */
  public static LinearProbe fit(float[][] features, int[] labels, int classes, Settings settings) {
    checkArgument(features.length > 0, "features is empty, expected at least one row");
    checkArgument(classes > 1, "classes (%s) must be > 1", classes);
    checkSameLength(features, labels);
    for (int label : labels) {
      checkArgument(label >= 0 && label < classes, "label (%s) must be in [0, %s)", label, classes);
    }
    Standardisation standardisation = Standardisation.of(features);
    LogisticObjective objective =
        new LogisticObjective(standardisation.apply(features), labels, classes, settings.l2());
    double[] start = new double[objective.dimension()];
    Lbfgs.Minimum minimum =
        Lbfgs.minimise(objective, start, settings.maxIterations(), settings.tolerance());
    Fit fit =
        new Fit(
            minimum.iterations,
            minimum.value,
            minimum.largestDerivative,
            minimum.largestDerivative <= settings.tolerance());
    return new LinearProbe(standardisation, classes, minimum.at, fit);
  }

  public Fit fit() {
    return fit;
  }

  /** The most probable class of each row; the lowest index where two are equal. */
  public int[] predict(float[][] features) {
    return Arrays.stream(standardisation.apply(features)).mapToInt(this::bestClass).toArray();
  }

  /** Top-1 accuracy. */
  public Accuracy score(float[][] features, int[] labels) {
    checkSameLength(features, labels);
    int[] predicted = predict(features);
    int correct = 0;
    for (int i = 0; i < labels.length; i++) {
      if (predicted[i] == labels[i]) {
        correct++;
      }
    }
    return new Accuracy(correct, labels.length);
  }

  private int bestClass(float[] row) {
    int best = 0;
    double bestLogit = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      int weights = c * (row.length + 1);
      double logit = parameters[weights + row.length];
      for (int d = 0; d < row.length; d++) {
        logit += parameters[weights + d] * row[d];
      }
      if (logit > bestLogit) {
        bestLogit = logit;
        best = c;
      }
    }
    return best;
  }

  private static void checkSameLength(float[][] features, int[] labels) {
    checkArgument(
        features.length == labels.length,
        "features has %s rows, expected %s as there are labels",
        features.length,
        labels.length);
  }

  /** Shift and scale of each feature; one that never varies is only shifted. */
  private static final class Standardisation {
    private final double[] mean;
    private final double[] scale;

    private Standardisation(double[] mean, double[] scale) {
      this.mean = mean;
      this.scale = scale;
    }

    static Standardisation of(float[][] features) {
      int width = features[0].length;
      double[] mean = new double[width];
      double[] square = new double[width];
      for (float[] row : features) {
        checkArgument(row.length == width, "a row has %s features, expected %s", row.length, width);
        for (int d = 0; d < width; d++) {
          mean[d] += row[d] / features.length;
        }
      }
      for (float[] row : features) {
        for (int d = 0; d < width; d++) {
          double offset = row[d] - mean[d];
          square[d] += offset * offset / features.length;
        }
      }
      double[] scale = new double[width];
      for (int d = 0; d < width; d++) {
        // Below this the spread of a constant feature is rounding, which must not be blown up.
        boolean constant = Math.sqrt(square[d]) <= 1e-6 * Math.abs(mean[d]) || square[d] == 0;
        scale[d] = constant ? 1 : 1 / Math.sqrt(square[d]);
      }
      return new Standardisation(mean, scale);
    }

    float[][] apply(float[][] features) {
      float[][] standard = new float[features.length][mean.length];
      for (int i = 0; i < features.length; i++) {
        checkArgument(
            features[i].length == mean.length,
            "a row has %s features, expected %s",
            features[i].length,
            mean.length);
        for (int d = 0; d < mean.length; d++) {
          standard[i][d] = (float) ((features[i][d] - mean[d]) * scale[d]);
        }
      }
      return standard;
    }
  }
}
