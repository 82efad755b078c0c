package simclr.parity;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.Session;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;

/**
 * Gives variables their values, all in one run: a run with other feeds or targets makes TensorFlow
 * prepare the whole graph anew, which takes longer than a step.
 */
final class Assignments {
  private record Assignment(Placeholder<TFloat32> value, Op assign) {}

  private final Map<String, Assignment> byKey = new LinkedHashMap<>();

  /** Adds the operations; the graph's session starts after that. */
  Assignments(Ops scope, Iterable<Variable> variables) {
    Ops tf = scope.withSubScope("given_values");
    for (Variable variable : variables) {
      Placeholder<TFloat32> value =
          tf.placeholder(TFloat32.class, Placeholder.shape(variable.spec().shape()));
      byKey.put(
          variable.spec().checkpointKey(),
          new Assignment(value, tf.assignVariableOp(variable.handle(), value)));
    }
  }

  /** Assigns to each of {@code which} what {@code numbers} has for it. */
  void assign(Session session, List<VariableSpec> which, Function<VariableSpec, float[]> numbers) {
    if (which.isEmpty()) {
      return; // a session refuses to run nothing
    }
    List<TFloat32> fed = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      for (VariableSpec spec : which) {
        Assignment assignment = byKey.get(spec.checkpointKey());
        checkArgument(
            assignment != null, "%s is not a variable of this graph", spec.checkpointKey());
        TFloat32 tensor = OneOff.tensor(spec.shape(), numbers.apply(spec));
        fed.add(tensor);
        runner.feed(assignment.value(), tensor).addTarget(assignment.assign());
      }
      runner.run().close();
    } finally {
      fed.forEach(TFloat32::close);
    }
  }
}
