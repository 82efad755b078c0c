package simclr.optim;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.model.Variables.Variable;
import simclr.optim.SlotLayout.Names;

/** Adam (arXiv 1412.6980) in Keras' form, with the bias corrections folded into the rate. */
record Adam(float beta1, float beta2, float epsilon) implements Optimizer {
  private static final SlotLayout LAYOUT =
      SlotLayout.byPosition(
          ImmutableMap.of(
              "m", new Names("_momentums", "Adam/m"), "v", new Names("_velocities", "Adam/v")));

  /** Keras' defaults; the flag {@code momentum} has no part in it. */
  static Adam withDefaults() {
    return new Adam(0.9f, 0.999f, 1e-7f);
  }

  @Override
  public SlotLayout layout() {
    return LAYOUT;
  }

  @Override
  public Op apply(
      Ops tf,
      Variable variable,
      List<Operand<? extends TType>> slots,
      Operand<TFloat32> gradient,
      Step step) {
    Operand<TFloat32> number =
        tf.dtypes.cast(tf.math.add(step.completed(), tf.constant(1L)), TFloat32.class);
    return tf.train.resourceApplyAdam(
        variable.handle(),
        slots.get(0),
        slots.get(1),
        tf.math.pow(tf.constant(beta1), number),
        tf.math.pow(tf.constant(beta2), number),
        step.learningRate(),
        tf.constant(beta1),
        tf.constant(beta2),
        tf.constant(epsilon),
        gradient);
  }
}
