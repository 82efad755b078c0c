package simclr.eval.probe.logistic;

import static com.google.common.base.Preconditions.checkArgument;

import simclr.eval.features.DataDigest;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.metrics.Accuracy;

/**
 * A quick linear probe of rows in memory: logistic regression of standardised features with one
 * fixed penalty, so that neither a start nor a seed matters.
 */
public final class LinearProbe {
  private final int width;
  private final Regression.Fit fitted;

  private LinearProbe(int width, Regression.Fit fitted) {
    this.width = width;
    this.fitted = fitted;
  }

  /**
   * How to fit.
   *
   * @param l2 factor of the penalty, above 0
   * @param maxIterations where the fit ends if it has not converged
   * @param tolerance how far above its minimum the objective may end (relative tolerance)
   */
  public record Settings(double l2, int maxIterations, double tolerance) {
    public Settings {
      checkArgument(l2 > 0, "l2 (%s) must be > 0", l2);
      checkArgument(maxIterations > 0, "maxIterations (%s) must be > 0", maxIterations);
      checkArgument(tolerance > 0, "tolerance (%s) must be > 0", tolerance);
    }

    /** A light penalty and more iterations than a few hundred features need. */
    public static Settings standard() {
      return new Settings(1e-2, 1000, 1e-5);
    }
  }

  /**
   * How the fit ended.
   *
   * @param converged whether the objective is known to be within the tolerance
   */
  public record Fit(int iterations, double objective, boolean converged) {}

  /**
   * Fits a classifier.
   *
   * @param features one row for each example, all of one length
   * @param labels class of each row, 0 to {@code classes - 1}
   */
  public static LinearProbe fit(float[][] features, int[] labels, int classes, Settings settings) {
    checkArgument(features.length > 0, "features is empty, expected at least one row");
    checkArgument(classes > 1, "classes (%s) must be > 1", classes);
    int width = features[0].length;
    for (int label : labels) {
      checkArgument(label >= 0 && label < classes, "label (%s) must be in [0, %s)", label, classes);
    }
    return fit(examples(features, labels, width), classes, settings);
  }

  /** The same of features that lie elsewhere. */
  public static LinearProbe fit(LabelledFeatures examples, int classes, Settings settings) {
    try (LogisticRegression regression = LogisticRegression.of(examples, classes, true)) {
      return new LinearProbe(
          examples.matrix().columns(),
          regression.fit(
              settings.l2(), regression.origin(), settings.maxIterations(), settings.tolerance()));
    }
  }

  public Fit fit() {
    return new Fit(fitted.iterations(), fitted.objective(), fitted.converged());
  }

  /** The most probable class of each row; the lowest index where two are equal. */
  public int[] predict(float[][] features) {
    return fitted.classifier().predict(examples(features, new int[features.length], width));
  }

  /** Top-1 accuracy. */
  public Accuracy score(float[][] features, int[] labels) {
    return score(examples(features, labels, width));
  }

  /** Top-1 accuracy on features that lie elsewhere. */
  public Accuracy score(LabelledFeatures examples) {
    return new Accuracy(fitted.classifier().correct(examples), examples.examples());
  }

  private static LabelledFeatures examples(float[][] features, int[] labels, int width) {
    for (float[] row : features) {
      checkArgument(row.length == width, "a row has %s features, expected %s", row.length, width);
    }
    return new LabelledFeatures(
        "memory", FeatureMatrix.of(features), Labels.of(labels), new DataDigest("", "nothing"));
  }
}
