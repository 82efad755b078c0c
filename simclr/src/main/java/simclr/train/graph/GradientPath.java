package simclr.train.graph;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import simclr.model.Variables.Variable;

/**
 * The operations that a tensor is differentiable through.
 *
 * <p>Asked for the gradient of a variable that a loss does not depend on, TensorFlow's C++ fails or
 * goes astray; so the question is answered first.
 */
final class GradientPath {
  private final Set<String> operations;

  private GradientPath(Set<String> operations) {
    this.operations = operations;
  }

  /** Walks from {@code loss} to its inputs; a stopped gradient is an end. */
  static GradientPath of(Operand<?> loss) {
    Set<String> seen = new HashSet<>();
    Deque<GraphOperation> open = new ArrayDeque<>();
    open.add((GraphOperation) loss.op());
    while (!open.isEmpty()) {
      GraphOperation operation = open.remove();
      if (seen.add(operation.name()) && !operation.type().equals("StopGradient")) {
        for (int i = 0; i < operation.numInputs(); i++) {
          Output<?> input = operation.input(i);
          open.add((GraphOperation) input.op());
        }
      }
    }
    return new GradientPath(seen);
  }

  /** Those variables whose value the tensor depends on. */
  List<Variable> filter(List<Variable> variables) {
    return variables.stream().filter(v -> operations.contains(v.value().op().name())).toList();
  }
}
