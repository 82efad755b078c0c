package simclr.optim;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.train.ResourceApplyKerasMomentum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.model.Variables.Variable;
import simclr.optim.SlotLayout.Names;

/**
 * Stochastic gradient descent with Nesterov momentum in Keras' form: {@code v = m v - r g}, {@code
 * w = w + m v - r g}.
 */
record NesterovMomentum(float momentum) implements Optimizer {
  private static final SlotLayout LAYOUT =
      SlotLayout.byPosition(ImmutableMap.of("momentum", new Names("momentums", "SGD/m")));

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
    return tf.train.resourceApplyKerasMomentum(
        variable.handle(),
        slots.get(0),
        step.learningRate(),
        gradient,
        tf.constant(momentum),
        ResourceApplyKerasMomentum.useNesterov(true));
  }
}
