package simclr.objective;

import java.util.OptionalDouble;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.parallel.Replicas;

/**
 * The margin triplet loss (SimCLR Table 2): {@code mean over negatives of max(u.v- - u.v+ + m, 0)}.
 *
 * @param margin m, by how much a positive must be more similar than a negative
 * @param temperature of the measured accuracy and entropy only; the loss has none
 * @param normalize whether z is scaled to length 1 first
 * @param oneView whether negatives come from the other view only
 * @param semiHard whether only the nearest of the negatives farther than the positive and within
 *     the margin counts
 */
record MarginTriplet(
    float margin, float temperature, boolean normalize, boolean oneView, boolean semiHard)
    implements ContrastiveLoss {

  @Override
  public Result build(Ops scope, Replicas replicas, Operand<TFloat32> z) {
    Ops tf = scope.withSubScope("margin_triplet");
    return PairedViews.of(tf, replicas, z, normalize)
        .ofNegatives(tf, temperature, oneView, all -> direction(tf, all));
  }

  /** Positives are as similar as negatives; none is farther, so that none is semi-hard. */
  @Override
  public OptionalDouble collapseLevel(int batch) {
    return OptionalDouble.of(semiHard ? 0 : 2.0 * margin);
  }

  private Operand<TFloat32> direction(Ops tf, Negatives all) {
    Negatives counted = semiHard ? all.semiHard(tf, margin) : all;
    Operand<TFloat32> excess =
        tf.math.add(tf.math.sub(counted.similarity(), counted.positive()), tf.constant(margin));
    return counted.weigh(tf, tf.nn.relu(excess));
  }
}
