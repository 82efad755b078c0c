package simclr.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.SoftmaxCrossEntropyWithLogits;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * A student's cross entropy to its teacher's softened answers (SimCLRv2 section 2.3, equation 2),
 * and to the labels where an image has one (equation 3).
 *
 * <p>As in the reference's notebook the teacher's term is multiplied by the squared temperature, so
 * that its gradient keeps its size when the temperature changes.
 *
 * @param temperature divides the logits of both
 * @param alpha weight of the teacher's term in (0, 1]; that of the labels is {@code 1 - alpha}
 */
public record DistillationLoss(float temperature, float alpha) {
  /**
   * What the loss yields, all scalars.
   *
   * @param loss what is minimised: both terms, weighted
   * @param distillation the teacher's term, unweighted
   * @param agreement share of images to which student and teacher give the same class
   * @param supervised mean cross entropy of the labelled images; 0 if there is none
   * @param accuracy share of the labelled images that the student classifies right
   */
  public record Result(
      Operand<TFloat32> loss,
      Operand<TFloat32> distillation,
      Operand<TFloat32> agreement,
      Operand<TFloat32> supervised,
      Operand<TFloat32> accuracy) {}

  /**
   * Builds the loss.
   *
   * @param student shape (n, classes)
   * @param teacher shape (n, classes); no gradient reaches it
   * @param labels shape (n,), in [0, classes), or -1 where there is none
   */
  public Result build(
      Ops scope, Operand<TFloat32> student, Operand<TFloat32> teacher, Operand<TInt64> labels) {
    Ops tf = scope.withSubScope("distillation");
    Operand<TFloat32> t = tf.constant(temperature);
    Operand<TFloat32> answers = tf.stopGradient(tf.nn.softmax(tf.math.div(teacher, t)));
    Operand<TFloat32> losses =
        SoftmaxCrossEntropyWithLogits.create(tf.scope(), tf.math.div(student, t), answers).loss();
    Operand<TFloat32> distillation =
        tf.math.mul(tf.math.mean(losses, tf.constant(0)), tf.constant(temperature * temperature));
    Operand<TInt32> taught = tf.math.argMax(teacher, tf.constant(1), TInt32.class);

    Operand<TInt32> classes = tf.dtypes.cast(labels, TInt32.class);
    Operand<TFloat32> known =
        tf.dtypes.cast(tf.math.greaterEqual(classes, tf.constant(0)), TFloat32.class);
    Operand<TFloat32> count = tf.math.maximum(tf.reduceSum(known, tf.constant(0)), tf.constant(1f));
    // A label of -1 has no place in its row, which then adds nothing.
    Operand<TFloat32> oneHot =
        tf.oneHot(
            classes,
            tf.constant(Math.toIntExact(student.shape().get(-1))),
            tf.constant(1f),
            tf.constant(0f));
    Operand<TFloat32> labelLosses =
        SoftmaxCrossEntropyWithLogits.create(tf.scope(), student, tf.stopGradient(oneHot)).loss();
    Operand<TFloat32> supervised = tf.math.div(tf.reduceSum(labelLosses, tf.constant(0)), count);
    Operand<TInt32> guesses = tf.math.argMax(student, tf.constant(1), TInt32.class);
    Operand<TFloat32> hits = tf.dtypes.cast(tf.math.equal(guesses, classes), TFloat32.class);

    Operand<TFloat32> weighted = tf.math.mul(distillation, tf.constant(alpha));
    return new Result(
        alpha == 1
            ? weighted
            : tf.math.add(weighted, tf.math.mul(supervised, tf.constant(1 - alpha))),
        distillation,
        Accuracy.of(tf, student, taught),
        supervised,
        tf.math.div(tf.reduceSum(hits, tf.constant(0)), count));
  }
}
