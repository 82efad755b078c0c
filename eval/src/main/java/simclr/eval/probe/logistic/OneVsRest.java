package simclr.eval.probe.logistic;

import com.google.common.primitives.ImmutableDoubleArray;
import java.util.Arrays;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.metrics.MultiLabels;
import simclr.eval.probe.LinearClassifier;

/**
 * A logistic regression for each class of a multi-label set, of two scores: against the class and
 * for it. All learn from the same features in native memory; only the labels are changed.
 *
 * <p>The penalty meets the weights of both scores. At the minimum they are opposite, so that with
 * {@code w} for the weights of their difference, {@code l2 / 2} times the squares of both is {@code
 * l2 / 4} times those of {@code w}.
 */
final class OneVsRest implements Regression {
  private final MultiLabels labels;
  private final int width;
  private final LogisticRegression regression;

  private OneVsRest(MultiLabels labels, int width, LogisticRegression regression) {
    this.labels = labels;
    this.width = width;
    this.regression = regression;
  }

  static OneVsRest of(LabelledFeatures examples, boolean standardise) {
    return new OneVsRest(
        examples.labels().several().orElseThrow(),
        examples.matrix().columns(),
        LogisticRegression.of(examples.oneVsRest(0), 2, standardise));
  }

  @Override
  public double[] origin() {
    return new double[labels.classes() * perClass()];
  }

  /** The classifier gives one score for each class: for it, less that against it. */
  @Override
  public Fit fit(double l2, double[] start, int maxIterations, double tolerance) {
    int classes = labels.classes();
    double[] parameters = new double[start.length];
    double[] differences = new double[classes * (width + 1)];
    ImmutableDoubleArray.Builder objectives = ImmutableDoubleArray.builder(classes);
    int iterations = 0;
    int evaluations = 0;
    boolean converged = true;
    for (int c = 0; c < classes; c++) {
      int from = c * perClass();
      regression.relabel(Labels.of(labels).oneVsRest(c));
      Fit fit =
          regression.fit(
              l2, Arrays.copyOfRange(start, from, from + perClass()), maxIterations, tolerance);
      System.arraycopy(fit.parameters(), 0, parameters, from, perClass());
      for (int d = 0; d <= width; d++) {
        differences[d * classes + c] = parameters[from + 2 * d + 1] - parameters[from + 2 * d];
      }
      objectives.add(fit.objective());
      iterations += fit.iterations();
      evaluations += fit.evaluations();
      converged &= fit.converged();
    }
    return new Fit(
        LinearClassifier.of(regression.scaling(), classes, differences),
        parameters,
        objectives.build(),
        iterations,
        evaluations,
        converged);
  }

  @Override
  public String precision() {
    return regression.precision();
  }

  @Override
  public void close() {
    regression.close();
  }

  /** Two weights for each feature, then two biases. */
  private int perClass() {
    return 2 * (width + 1);
  }
}
