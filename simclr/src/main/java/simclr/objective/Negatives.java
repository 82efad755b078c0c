package simclr.objective;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * What one direction of a pairwise loss compares: each view with its partner, and with the views of
 * other images that count as negatives.
 *
 * @param positive shape (n, 1): similarity of each view with its partner
 * @param similarity shape (n, m): with every candidate
 * @param weight shape (n, m): what each candidate counts, 0 for those that are no negatives; a row
 *     sums to 1, or to 0 where there is none
 */
record Negatives(
    Operand<TFloat32> positive, Operand<TFloat32> similarity, Operand<TFloat32> weight) {
  /** Below every similarity that is compared with it, yet finite in float32. */
  private static final float LEAST = -1e30f;

  /**
   * All negatives, each counting the same.
   *
   * @param own views of this replica, first or second
   * @param partners the other views of all images
   * @param siblings views of all images on the same side, {@code own} among them
   * @param oneView whether the siblings are left out
   */
  static Negatives all(
      Ops tf,
      PairedViews views,
      Operand<TFloat32> own,
      Operand<TFloat32> partners,
      Operand<TFloat32> siblings,
      boolean oneView) {
    Operand<TFloat32> same = views.same(tf);
    Operand<TFloat32> others = tf.math.sub(tf.constant(1f), same);
    Operand<TFloat32> across = PairedViews.similarity(tf, own, partners, 1);
    Operand<TFloat32> positive = sum(tf, tf.math.mul(across, same));
    if (oneView) {
      return new Negatives(positive, across, evenly(tf, others));
    }
    Operand<TFloat32> along = PairedViews.similarity(tf, own, siblings, 1);
    Operand<TInt32> columns = tf.constant(1);
    return new Negatives(
        positive,
        tf.concat(List.of(across, along), columns),
        evenly(tf, tf.concat(List.of(others, others), columns)));
  }

  /**
   * Of those farther than the positive the nearest alone (SimCLR section 5.1, after Schroff et al.
   * 2015); a view without such a negative has none.
   *
   * @param margin how much less similar than the positive it may be at most; infinite for no limit
   */
  Negatives semiHard(Ops tf, float margin) {
    Operand<TBool> wanted =
        tf.math.logicalAnd(
            tf.math.greater(weight, tf.constant(0f)), tf.math.less(similarity, positive));
    if (Float.isFinite(margin)) {
      wanted =
          tf.math.logicalAnd(
              wanted, tf.math.greater(similarity, tf.math.sub(positive, tf.constant(margin))));
    }
    Operand<TFloat32> is = tf.dtypes.cast(wanted, TFloat32.class);
    Operand<TFloat32> candidates =
        tf.select(wanted, similarity, tf.fill(tf.shape(similarity), tf.constant(LEAST)));
    Operand<TInt32> nearest = tf.math.argMax(candidates, tf.constant(1), TInt32.class);
    Operand<TInt32> width = tf.gather(tf.shape(similarity), tf.constant(1), tf.constant(0));
    Operand<TFloat32> chosen = PairedViews.oneHot(tf, nearest, width);
    Operand<TFloat32> exists = tf.reduceMax(is, tf.constant(1), ReduceMax.keepDims(true));
    return new Negatives(positive, similarity, tf.stopGradient(tf.math.mul(chosen, exists)));
  }

  /**
   * The weighted sum of a penalty of each negative.
   *
   * @param penalty shape (n, m)
   * @return shape (n,)
   */
  Operand<TFloat32> weigh(Ops tf, Operand<TFloat32> penalty) {
    return tf.reduceSum(tf.math.mul(penalty, weight), tf.constant(1));
  }

  private static Operand<TFloat32> evenly(Ops tf, Operand<TFloat32> mask) {
    Operand<TFloat32> count = tf.math.maximum(sum(tf, mask), tf.constant(1f));
    return tf.stopGradient(tf.math.div(mask, count));
  }

  private static Operand<TFloat32> sum(Ops tf, Operand<TFloat32> x) {
    return tf.reduceSum(x, tf.constant(1), ReduceSum.keepDims(true));
  }
}
