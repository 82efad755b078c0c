package simclr.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The share of rows whose largest logit is the right one; of equal logits the first counts. */
final class Accuracy {
  private Accuracy() {}

  /**
   * A scalar.
   *
   * @param logits shape (n, k)
   * @param labels shape (n,)
   */
  static Operand<TFloat32> of(Ops tf, Operand<TFloat32> logits, Operand<TInt32> labels) {
    Operand<TInt32> guesses = tf.math.argMax(logits, tf.constant(1), TInt32.class);
    Operand<TFloat32> hits = tf.dtypes.cast(tf.math.equal(guesses, labels), TFloat32.class);
    return tf.math.mean(hits, tf.constant(0));
  }
}
