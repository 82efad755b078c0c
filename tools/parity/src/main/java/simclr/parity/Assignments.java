package simclr.parity;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;

/** Gives variables their values one at a time, so that the largest model needs little memory. */
final class Assignments {
  private final Placeholder<TFloat32> value;
  private final Map<String, Op> assign = new LinkedHashMap<>();

  /** Adds the operations; the graph's session starts after that. */
  Assignments(Ops scope, Iterable<Variable> variables) {
    Ops tf = scope.withSubScope("given_values");
    value = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.unknown()));
    for (Variable variable : variables) {
      assign.put(variable.spec().checkpointKey(), tf.assignVariableOp(variable.handle(), value));
    }
  }

  void assign(Session session, VariableSpec spec, float... numbers) {
    Op op = assign.get(spec.checkpointKey());
    if (op == null) {
      throw new IllegalArgumentException(spec.checkpointKey() + " is no variable of this graph");
    }
    try (TFloat32 tensor = OneOff.tensor(spec.shape(), numbers)) {
      OneOff.target(session.runner().feed(value, tensor), List.of(op));
    }
  }
}
