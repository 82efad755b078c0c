package simclr.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.SoftmaxCrossEntropyWithLogits;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Softmax cross entropy of the classifier, mean over rows, and its accuracy. */
public final class SupervisedLoss {
  private SupervisedLoss() {}

  /** Both scalars. */
  public record Result(Operand<TFloat32> loss, Operand<TFloat32> accuracy) {}

  /**
   * Builds the loss.
   *
   * @param logits shape (views * n, classes): the rows of the first views, then of the second
   * @param labels shape (n,), in [0, classes)
   */
  public static Result build(Ops scope, Operand<TFloat32> logits, Operand<TInt64> labels) {
    Ops tf = scope.withSubScope("supervised_loss");
    Operand<TInt32> perImage = tf.dtypes.cast(labels, TInt32.class);
    Operand<TInt32> rows = tf.gather(tf.shape(logits), tf.constant(0), tf.constant(0));
    Operand<TInt32> images = tf.size(labels);
    Operand<TInt32> views = tf.reshape(tf.math.div(rows, images), tf.array(1));
    Operand<TInt32> perRow = tf.tile(perImage, views);
    Operand<TInt32> classes = tf.constant(Math.toIntExact(logits.shape().get(-1)));
    Operand<TFloat32> oneHot = tf.oneHot(perRow, classes, tf.constant(1f), tf.constant(0f));
    Operand<TFloat32> losses =
        SoftmaxCrossEntropyWithLogits.create(tf.scope(), logits, tf.stopGradient(oneHot)).loss();
    return new Result(tf.math.mean(losses, tf.constant(0)), Accuracy.of(tf, logits, perRow));
  }
}
