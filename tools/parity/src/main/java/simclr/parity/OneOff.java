package simclr.parity;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.graph.GraphOps;

/** A graph that is built, run once and thrown away. */
final class OneOff {
  private OneOff() {}

  /** Builds the graph and returns the values of what {@code build} names. */
  static Map<String, Values> run(
      Function<Ops, ? extends Map<String, ? extends Operand<? extends TType>>> build) {
    return run(ConfigProto.getDefaultInstance(), build);
  }

  static Map<String, Values> run(
      ConfigProto devices,
      Function<Ops, ? extends Map<String, ? extends Operand<? extends TType>>> build) {
    try (Graph graph = new Graph()) {
      Map<String, ? extends Operand<? extends TType>> outputs = build.apply(GraphOps.of(graph));
      try (Session session = new Session(graph, devices)) {
        return fetch(session.runner(), outputs);
      }
    }
  }

  /**
   * Runs with what the runner has been fed. All that is wanted of a state should be asked for at
   * once: for every other set of outputs TensorFlow prepares the whole graph anew.
   */
  static Map<String, Values> fetch(
      Session.Runner runner, Map<String, ? extends Operand<? extends TType>> outputs) {
    Map<String, Values> values = new LinkedHashMap<>();
    List<String> tensors = new ArrayList<>();
    for (Operand<? extends TType> output : outputs.values()) {
      if (!tensors.contains(tensor(output))) { // a result holds every tensor once
        tensors.add(tensor(output));
        runner.fetch(output);
      }
    }
    try (Result result = runner.run()) {
      outputs.forEach(
          (name, output) ->
              values.put(name, Values.of(result.get(tensors.indexOf(tensor(output))))));
    }
    return values;
  }

  private static String tensor(Operand<?> operand) {
    return operand.op().name() + ":" + operand.asOutput().index();
  }

  static <T> T get(Map<String, T> values, String name) {
    return Optional.ofNullable(values.get(name))
        .orElseThrow(() -> new IllegalArgumentException(name + " was not asked for"));
  }

  static void target(Session.Runner runner, List<? extends Op> targets) {
    targets.forEach(runner::addTarget);
    runner.run().close();
  }

  static Operand<TFloat32> constant(Ops tf, Shape shape, float... values) {
    return tf.constant(shape, DataBuffers.of(values, true, false));
  }

  static TFloat32 tensor(Shape shape, float... values) {
    return TFloat32.tensorOf(shape, DataBuffers.of(values, true, false));
  }
}
