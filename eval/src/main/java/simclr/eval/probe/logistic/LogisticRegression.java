package simclr.eval.probe.logistic;

import com.google.common.primitives.ImmutableDoubleArray;
import java.util.Optional;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.probe.LinearClassifier;
import simclr.eval.probe.NativeFeatures;
import simclr.eval.probe.Standardizer;

/**
 * Multinomial logistic regression of examples that are loaded once, for any number of penalties.
 *
 * <p>The objective, mean cross entropy plus {@code l2 / 2} times the squared weights (biases are
 * free), is convex: what is found does not depend on a start or a seed.
 */
final class LogisticRegression implements Regression {
  /** In double precision up to so much memory, which convinces ill-conditioned features. */
  private static final long MOST_DOUBLES = (256L << 20) / Double.BYTES;

  private final Standardizer scaling;
  private final int classes;
  private final boolean doubles;
  private final NativeFeatures features;
  private final Optional<PcaRotation> axes;
  private final LogisticObjective objective;

  private LogisticRegression(
      Standardizer scaling,
      int classes,
      boolean doubles,
      NativeFeatures features,
      Optional<PcaRotation> axes,
      LogisticObjective objective) {
    this.scaling = scaling;
    this.classes = classes;
    this.doubles = doubles;
    this.features = features;
    this.axes = axes;
    this.objective = objective;
  }

  /**
   * Loads the examples into native memory.
   *
   * @param standardise whether features are brought to deviation 1, so that the penalty meets them
   *     alike; their means never matter
   */
  static LogisticRegression of(LabelledFeatures examples, int classes, boolean standardise) {
    Standardizer scaling =
        standardise
            ? Standardizer.standardising(examples.matrix())
            : Standardizer.centring(examples.matrix());
    boolean doubles = (long) examples.examples() * scaling.width() <= MOST_DOUBLES;
    NativeFeatures features = NativeFeatures.load(examples, scaling, doubles);
    Optional<PcaRotation> axes = Optional.empty();
    if (scaling.width() > 1 && scaling.width() <= PcaRotation.WIDEST) {
      Class<? extends TNumber> type = doubles ? TFloat64.class : TFloat32.class;
      PcaRotation found = PcaRotation.of(features, scaling.width(), type);
      found.turn(features, type);
      axes = Optional.of(found);
    }
    double[] variances = new double[scaling.width()];
    for (int d = 0; d < variances.length; d++) {
      variances[d] = axes.isPresent() ? axes.get().variance(d) : scaling.variance(d);
    }
    return new LogisticRegression(
        scaling,
        classes,
        doubles,
        features,
        axes,
        LogisticObjective.of(features, variances, classes, doubles));
  }

  /** Gives the loaded examples other labels of as many classes. */
  void relabel(Labels labels) {
    features.relabel(labels);
  }

  Standardizer scaling() {
    return scaling;
  }

  @Override
  public String precision() {
    return doubles ? "float64" : "float32";
  }

  @Override
  public double[] origin() {
    return new double[objective.dimension()];
  }

  /** Parameters are weights, feature by feature, then biases. */
  @Override
  public Fit fit(double l2, double[] start, int maxIterations, double tolerance) {
    double factor = scaling.factor();
    double[] scaled = weightsTimes(start, 1 / factor);
    double[] turned = axes.map(found -> found.into(scaled, classes)).orElse(scaled);
    Lbfgs.Minimum minimum =
        Lbfgs.minimise(objective.with(l2 * factor * factor, tolerance), turned, maxIterations);
    double[] parameters = axes.map(found -> found.back(minimum.at, classes)).orElse(minimum.at);
    return new Fit(
        LinearClassifier.of(scaling, classes, parameters),
        weightsTimes(parameters, factor),
        ImmutableDoubleArray.of(minimum.value),
        minimum.iterations,
        minimum.evaluations,
        minimum.reached);
  }

  /** Parameters whose weights are multiplied, biases left as they are. */
  private double[] weightsTimes(double[] parameters, double factor) {
    if (factor == 1) {
      return parameters;
    }
    double[] scaled = parameters.clone();
    for (int i = 0; i < classes * scaling.width(); i++) {
      scaled[i] *= factor;
    }
    return scaled;
  }

  @Override
  public void close() {
    objective.close();
    axes.ifPresent(PcaRotation::close);
    features.close();
  }
}
