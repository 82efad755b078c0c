package simclr.eval.probe.logistic;

import com.google.common.primitives.ImmutableDoubleArray;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.probe.LinearClassifier;

/** Logistic regression of examples that are loaded once, for any number of penalties. */
interface Regression extends AutoCloseable {

  /**
   * Loads the examples into native memory: for one regression of all classes, or for one of each
   * class against the rest where an example may have several.
   *
   * @param standardise whether features are brought to deviation 1, so that the penalty meets them
   *     alike; their means never matter
   */
  static Regression of(LabelledFeatures examples, int classes, boolean standardise) {
    return examples.labels().several().isPresent()
        ? OneVsRest.of(examples, standardise)
        : LogisticRegression.of(examples, classes, standardise);
  }

  /** All zero: every class equally probable. */
  double[] origin();

  /**
   * Fits.
   *
   * @param start from {@link #origin} or a former fit
   * @param tolerance how far above its minimum the objective may be left (relative tolerance)
   */
  Fit fit(double l2, double[] start, int maxIterations, double tolerance);

  /** {@code float64} or {@code float32}: what is computed in. */
  String precision();

  @Override
  void close();

  /** A classifier and how its fit ended. */
  final class Fit {
    private final LinearClassifier classifier;
    private final double[] parameters;
    private final ImmutableDoubleArray objectives;
    private final int iterations;
    private final int evaluations;
    private final boolean converged;

    Fit(
        LinearClassifier classifier,
        double[] parameters,
        ImmutableDoubleArray objectives,
        int iterations,
        int evaluations,
        boolean converged) {
      this.classifier = classifier;
      this.parameters = parameters;
      this.objectives = objectives;
      this.iterations = iterations;
      this.evaluations = evaluations;
      this.converged = converged;
    }

    LinearClassifier classifier() {
      return classifier;
    }

    /** A start for another fit, of these examples or of others. */
    double[] parameters() {
      return parameters;
    }

    /** The mean of {@link #objectives}. */
    double objective() {
      return objectives.stream().average().orElseThrow();
    }

    /** The values at the end: one, or one for each class against the rest. */
    ImmutableDoubleArray objectives() {
      return objectives;
    }

    int iterations() {
      return iterations;
    }

    int evaluations() {
      return evaluations;
    }

    /**
     * Whether every objective is known to be within the tolerance; if not, rounding or the limit on
     * iterations ended a fit.
     */
    boolean converged() {
      return converged;
    }
  }
}
