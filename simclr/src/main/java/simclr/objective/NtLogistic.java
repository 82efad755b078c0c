package simclr.objective;

import java.util.OptionalDouble;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.parallel.Replicas;

/**
 * The logistic loss of pairs, NT-Logistic (SimCLR Table 2): {@code -log s(u.v+ / t) - mean over
 * negatives of log s(-u.v- / t)}, s the logistic function. The paper leaves open how many negatives
 * are weighed against one positive; their mean is taken.
 *
 * @param temperature divides the similarities
 * @param normalize whether z is scaled to length 1 first
 * @param oneView whether negatives come from the other view only
 * @param semiHard whether only the nearest of the negatives farther than the positive counts
 */
record NtLogistic(float temperature, boolean normalize, boolean oneView, boolean semiHard)
    implements ContrastiveLoss {

  @Override
  public Result build(Ops scope, Replicas replicas, Operand<TFloat32> z) {
    Ops tf = scope.withSubScope("nt_logistic");
    return PairedViews.of(tf, replicas, z, normalize)
        .ofNegatives(tf, temperature, oneView, all -> direction(tf, all));
  }

  /** That of equal vectors of length 1; without normalisation it depends on their length. */
  @Override
  public OptionalDouble collapseLevel(int batch) {
    return normalize
        ? OptionalDouble.of(
            2 * (softplus(-1 / temperature) + (semiHard ? 0 : softplus(1 / temperature))))
        : OptionalDouble.empty();
  }

  private Operand<TFloat32> direction(Ops tf, Negatives all) {
    Negatives counted = semiHard ? all.semiHard(tf, Float.POSITIVE_INFINITY) : all;
    Operand<TFloat32> t = tf.constant(temperature);
    Operand<TFloat32> attraction =
        tf.math.softplus(tf.math.neg(tf.math.div(counted.positive(), t)));
    Operand<TFloat32> repulsion = tf.math.softplus(tf.math.div(counted.similarity(), t));
    return tf.math.add(tf.reshape(attraction, tf.array(-1)), counted.weigh(tf, repulsion));
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
}
