package simclr.objective;

import java.util.List;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import simclr.parallel.Replicas;

/**
 * Projections of this replica's images and of all images, as the losses compare them.
 *
 * @param a shape (n, d): first views of this replica's images
 * @param b shape (n, d): their second views
 * @param allA shape (N, d): first views over all replicas
 * @param allB shape (N, d): second views over all replicas
 * @param own shape (n,): the rows of this replica's images in those
 * @param total scalar N
 */
record PairedViews(
    Operand<TFloat32> a,
    Operand<TFloat32> b,
    Operand<TFloat32> allA,
    Operand<TFloat32> allB,
    Operand<TInt32> own,
    Operand<TInt32> total) {
  /** Squared norms below this count as this, as in the reference's normalisation. */
  private static final float MIN_SQUARED_NORM = 1e-12f;

  /** Added to probabilities in front of the logarithm, as in the reference. */
  private static final float ENTROPY_FLOOR = 1e-8f;

  /**
   * Splits and gathers.
   *
   * @param z shape (2n, d)
   * @param normalize whether rows are scaled to length 1 first
   */
  static PairedViews of(Ops tf, Replicas replicas, Operand<TFloat32> z, boolean normalize) {
    List<? extends Operand<TFloat32>> views =
        tf.split(tf.constant(0), normalize ? unitLength(tf, z) : z, 2L).output();
    Operand<TFloat32> a = views.get(0);
    Operand<TFloat32> b = views.get(1);
    Operand<TFloat32> allA = replicas.concat(tf, a);
    Operand<TFloat32> allB = replicas.concat(tf, b);
    Operand<TInt32> count = size(tf, a, 0);
    Operand<TInt32> total = size(tf, allA, 0);
    return new PairedViews(a, b, allA, allB, replicas.globalIndices(tf, count), total);
  }

  /** Shape (n, N): 1 where an image meets itself. */
  Operand<TFloat32> same(Ops tf) {
    return oneHot(tf, own, total);
  }

  /** Shape (rows of x, rows of y): inner products divided by the temperature. */
  static Operand<TFloat32> similarity(
      Ops tf, Operand<TFloat32> x, Operand<TFloat32> y, float temperature) {
    Operand<TFloat32> dot = tf.linalg.matMul(x, y, MatMul.transposeB(true));
    return temperature == 1 ? dot : tf.math.div(dot, tf.constant(temperature));
  }

  /**
   * A loss that weighs each positive against negatives, in both directions.
   *
   * @param temperature of the measured accuracy and entropy
   * @param oneView whether negatives come from the other view only
   * @param direction shape (n,): the loss of each row
   */
  ContrastiveLoss.Result ofNegatives(
      Ops tf,
      float temperature,
      boolean oneView,
      Function<Negatives, Operand<TFloat32>> direction) {
    Operand<TFloat32> lossA = direction.apply(Negatives.all(tf, this, a, allB, allA, oneView));
    Operand<TFloat32> lossB = direction.apply(Negatives.all(tf, this, b, allA, allB, oneView));
    Operand<TFloat32> loss = tf.math.mean(tf.math.add(lossA, lossB), tf.constant(0));
    return measured(tf, loss, similarity(tf, a, allB, temperature));
  }

  /** The result of a loss with what is measured beside it. */
  ContrastiveLoss.Result measured(Ops tf, Operand<TFloat32> loss, Operand<TFloat32> logits) {
    return new ContrastiveLoss.Result(
        loss, logits, own, Accuracy.of(tf, logits, own), entropy(tf, logits));
  }

  static Operand<TFloat32> oneHot(Ops tf, Operand<TInt32> indices, Operand<TInt32> depth) {
    return tf.oneHot(indices, depth, tf.constant(1f), tf.constant(0f));
  }

  /** Scalar: the length of an axis of x. */
  static Operand<TInt32> size(Ops tf, Operand<TFloat32> x, int axis) {
    return tf.gather(tf.shape(x), tf.constant(axis), tf.constant(0));
  }

  private static Operand<TFloat32> entropy(Ops tf, Operand<TFloat32> logits) {
    Operand<TFloat32> p = tf.nn.softmax(logits);
    Operand<TFloat32> log = tf.math.log(tf.math.add(p, tf.constant(ENTROPY_FLOOR)));
    Operand<TFloat32> perRow = tf.reduceSum(tf.math.mul(p, log), tf.constant(-1));
    return tf.math.neg(tf.math.mean(perRow, tf.constant(0)));
  }

  private static Operand<TFloat32> unitLength(Ops tf, Operand<TFloat32> z) {
    Operand<TFloat32> squared =
        tf.reduceSum(tf.math.square(z), tf.constant(-1), ReduceSum.keepDims(true));
    Operand<TFloat32> floor = tf.constant(MIN_SQUARED_NORM);
    return tf.math.mul(z, tf.math.rsqrt(tf.math.maximum(squared, floor)));
  }
}
