package simclr.eval.probe;

import simclr.eval.features.LabelledFeatures;

/**
 * Multinomial logistic regression of examples that are loaded once, for any number of penalties.
 *
 * <p>The objective, mean cross entropy plus {@code l2 / 2} times the squared weights (biases are
 * free), is convex: what is found does not depend on a start or a seed.
 */
final class LogisticRegression implements AutoCloseable {
  /** In double precision up to so much memory, which convinces ill-conditioned features. */
  private static final long MOST_DOUBLES = (256L << 20) / Double.BYTES;

  private final Scaling scaling;
  private final int classes;
  private final boolean doubles;
  private final NativeFeatures features;
  private final LogisticObjective objective;

  private LogisticRegression(
      Scaling scaling,
      int classes,
      boolean doubles,
      NativeFeatures features,
      LogisticObjective objective) {
    this.scaling = scaling;
    this.classes = classes;
    this.doubles = doubles;
    this.features = features;
    this.objective = objective;
  }

  /** A classifier and how its fit ended. */
  static final class Fit {
    private final Scaling scaling;
    private final int classes;
    private final Lbfgs.Minimum minimum;

    private Fit(Scaling scaling, int classes, Lbfgs.Minimum minimum) {
      this.scaling = scaling;
      this.classes = classes;
      this.minimum = minimum;
    }

    LinearClassifier classifier() {
      return LinearClassifier.of(scaling, classes, minimum.at);
    }

    /** A start for the next fit. */
    double[] parameters() {
      return minimum.at;
    }

    double objective() {
      return minimum.value;
    }

    int iterations() {
      return minimum.iterations;
    }

    int evaluations() {
      return minimum.evaluations;
    }

    /**
     * Whether the objective is known to be within the tolerance; if not, rounding or the limit on
     * iterations ended the fit.
     */
    boolean converged() {
      return minimum.reached;
    }
  }

  /**
   * Loads the examples into native memory.
   *
   * @param standardise whether features are brought to deviation 1, so that the penalty meets them
   *     alike; their means never matter
   */
  static LogisticRegression of(LabelledFeatures examples, int classes, boolean standardise) {
    Scaling scaling =
        standardise
            ? Scaling.standardising(examples.matrix())
            : Scaling.centring(examples.matrix());
    boolean doubles = (long) examples.examples() * scaling.width() <= MOST_DOUBLES;
    NativeFeatures features = NativeFeatures.load(examples, scaling, doubles);
    return new LogisticRegression(
        scaling,
        classes,
        doubles,
        features,
        LogisticObjective.of(features, scaling, classes, doubles));
  }

  /** {@code float64} or {@code float32}: what is computed in. */
  String precision() {
    return doubles ? "float64" : "float32";
  }

  /** All zero: every class equally probable. */
  double[] origin() {
    return new double[objective.dimension()];
  }

  /**
   * Fits.
   *
   * @param start from {@link #origin} or a former fit
   * @param tolerance how far above its minimum the objective may be left, as a part of itself
   */
  Fit fit(double l2, double[] start, int maxIterations, double tolerance) {
    return new Fit(
        scaling, classes, Lbfgs.minimise(objective.with(l2, tolerance), start, maxIterations));
  }

  @Override
  public void close() {
    objective.close();
    features.close();
  }
}
