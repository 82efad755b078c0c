package simclr.objective;

import java.util.List;
import java.util.function.Supplier;
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
 * @param weight shape (n, m): the weight of each candidate, 0 for those that are not negatives; a
 *     row sums to 1, or to 0 where there is none
 * @param tolerance builds shape (n, m): similarities of a candidate and the partner that differ by
 *     no more than this may be equal before rounding; only {@link #semiHard} needs it
 */
record Negatives(
    Operand<TFloat32> positive,
    Operand<TFloat32> similarity,
    Operand<TFloat32> weight,
    Supplier<Operand<TFloat32>> tolerance) {
  /** Below every similarity that is compared with it, yet finite in float32. */
  private static final float LEAST = -1e30f;

  /** The relative error of one float32 rounding. */
  private static final float ROUNDING = 0x1p-24f;

  /** Roundings in the scaling of a row to length 1. */
  private static final float SCALING_ROUNDINGS = 4;

  /**
   * All negatives, each with the same weight.
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
      return new Negatives(
          positive,
          across,
          equalWeights(tf, others),
          () -> tolerance(tf, own, same, List.of(partners)));
    }
    Operand<TFloat32> along = PairedViews.similarity(tf, own, siblings, 1);
    Operand<TInt32> columns = tf.constant(1);
    return new Negatives(
        positive,
        tf.concat(List.of(across, along), columns),
        equalWeights(tf, tf.concat(List.of(others, others), columns)),
        () -> tolerance(tf, own, same, List.of(partners, siblings)));
  }

  /**
   * Only the nearest of the negatives that are farther than the positive (SimCLR section 5.1, after
   * Schroff et al. 2015); a view without such a negative has none. Equal similarities come out of a
   * matrix product a few roundings apart, by kernel and by column, so that what lies within the
   * {@link #tolerance} of the positive is not farther, and of negatives that lie within it of the
   * nearest the first is taken.
   *
   * @param margin how much less similar than the positive it may be at most; infinite for no limit
   */
  Negatives semiHard(Ops tf, float margin) {
    Operand<TFloat32> rounding = tolerance.get();
    Operand<TFloat32> distance = tf.math.sub(positive, similarity);
    Operand<TBool> wanted =
        tf.math.logicalAnd(
            tf.math.greater(weight, tf.constant(0f)), tf.math.greater(distance, rounding));
    if (Float.isFinite(margin)) {
      wanted =
          tf.math.logicalAnd(
              wanted, tf.math.less(distance, tf.math.sub(tf.constant(margin), rounding)));
    }
    Operand<TFloat32> candidates =
        tf.select(wanted, similarity, tf.fill(tf.shape(similarity), tf.constant(LEAST)));
    Operand<TFloat32> nearest = tf.reduceMax(candidates, tf.constant(1), ReduceMax.keepDims(true));
    Operand<TFloat32> tied =
        asFloat(tf, tf.math.greaterEqual(candidates, tf.math.sub(nearest, rounding)));
    Operand<TInt32> first = tf.math.argMax(tied, tf.constant(1), TInt32.class);
    Operand<TFloat32> chosen = PairedViews.oneHot(tf, first, PairedViews.size(tf, similarity, 1));
    Operand<TFloat32> exists =
        tf.reduceMax(asFloat(tf, wanted), tf.constant(1), ReduceMax.keepDims(true));
    return new Negatives(
        positive, similarity, tf.stopGradient(tf.math.mul(chosen, exists)), tolerance);
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

  /**
   * The bound on the rounding of inner products: each is off by at most (d + scaling) roundings of
   * the product of its vectors' lengths, whatever the order of summation.
   *
   * @param own shape (n, d)
   * @param same shape (n, N): 1 where a row meets its partner
   * @param candidates shape (N, d) each, the partners first; m rows in all
   */
  private static Operand<TFloat32> tolerance(
      Ops tf, Operand<TFloat32> own, Operand<TFloat32> same, List<Operand<TFloat32>> candidates) {
    Operand<TFloat32> width = tf.dtypes.cast(PairedViews.size(tf, own, 1), TFloat32.class);
    Operand<TFloat32> roundings = tf.math.add(width, tf.constant(SCALING_ROUNDINGS));
    Operand<TFloat32> each = tf.math.mul(roundings, tf.constant(ROUNDING));
    Operand<TFloat32> anchors = tf.math.mul(tf.math.sqrt(sum(tf, tf.math.square(own))), each);
    List<Operand<TFloat32>> lengths =
        candidates.stream().map(rows -> columnLengths(tf, rows)).toList();
    Operand<TFloat32> partner = sum(tf, tf.math.mul(lengths.get(0), same));
    Operand<TFloat32> all =
        lengths.size() == 1 ? lengths.get(0) : tf.concat(lengths, tf.constant(1));
    return tf.stopGradient(tf.math.mul(anchors, tf.math.add(partner, all)));
  }

  /** Shape (1, m): the lengths of m rows. */
  private static Operand<TFloat32> columnLengths(Ops tf, Operand<TFloat32> rows) {
    return tf.reshape(tf.math.sqrt(sum(tf, tf.math.square(rows))), tf.array(1, -1));
  }

  private static Operand<TFloat32> equalWeights(Ops tf, Operand<TFloat32> mask) {
    Operand<TFloat32> count = tf.math.maximum(sum(tf, mask), tf.constant(1f));
    return tf.stopGradient(tf.math.div(mask, count));
  }

  private static Operand<TFloat32> asFloat(Ops tf, Operand<TBool> x) {
    return tf.dtypes.cast(x, TFloat32.class);
  }

  private static Operand<TFloat32> sum(Ops tf, Operand<TFloat32> x) {
    return tf.reduceSum(x, tf.constant(1), ReduceSum.keepDims(true));
  }
}
