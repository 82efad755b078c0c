package simclr.checkpoint;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Ops that fill resource variables with tensors of a checkpoint that are chosen when they run. The
 * values are read here, not by TensorFlow, which takes characters of a path for wildcards.
 */
final class Assigner {
  private final ImmutableMap<String, Assignment> assignments;

  /** A variable; {@code path} is its name here. */
  record Target(String path, Class<? extends TType> type, Operand<? extends TType> handle) {}

  private record Assignment(Operand<? extends TType> value, Op assign) {}

  private Assigner(ImmutableMap<String, Assignment> assignments) {
    this.assignments = assignments;
  }

  static Assigner build(Ops tf, List<Target> targets) {
    ImmutableMap.Builder<String, Assignment> assignments = ImmutableMap.builder();
    for (Target target : targets) {
      Operand<? extends TType> value = tf.placeholder(target.type());
      assignments.put(
          target.path(), new Assignment(value, tf.assignVariableOp(target.handle(), value)));
    }
    return new Assigner(assignments.buildOrThrow());
  }

  /**
   * Fills some of the variables, all in one run: each set of them that a session runs costs it a
   * preparation of the graph.
   *
   * @param keyOf the tensor to take, by the path of the variable; shapes have been compared
   * @throws UserException DATA if a tensor is of another type or the file is damaged
   */
  void assign(Session session, CheckpointFile file, ImmutableMap<String, String> keyOf) {
    if (keyOf.isEmpty()) {
      return;
    }
    List<String> paths = keyOf.keySet().asList();
    try (BundleTensors values = file.read(keyOf.values().asList())) {
      Session.Runner runner = session.runner();
      for (int i = 0; i < paths.size(); i++) {
        Assignment assignment = assignments.get(paths.get(i));
        checkState(assignment != null, "no op assigns %s", paths.get(i));
        checkType(file, keyOf.values().asList().get(i), values.get(i), assignment);
        runner.feed(assignment.value(), values.get(i)).addTarget(assignment.assign());
      }
      runner.run().close();
    }
  }

  private static void checkType(
      CheckpointFile file, String key, Tensor value, Assignment assignment) {
    DataType expected = assignment.value().asOutput().dataType();
    if (value.dataType() != expected) {
      throw new UserException(
          ExitCode.DATA,
          "%s: tensor %s is of type %s, expected %s",
          file,
          Quoted.of(CheckpointKeys.path(key)),
          value.dataType(),
          expected);
    }
  }
}
