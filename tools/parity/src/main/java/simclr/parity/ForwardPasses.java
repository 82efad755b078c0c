package simclr.parity;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;
import simclr.parallel.Replicas;

/** A model with given weights, and its forward passes in inference and in training mode. */
final class ForwardPasses implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Session session;
  private final Placeholder<TFloat32> images;
  private final Variables variables;
  private final Variables training;
  private final Map<String, Operand<TFloat32>> inferred;
  private final Map<String, Operand<TFloat32>> trained;
  private final Map<String, Operand<TFloat32>> now = new LinkedHashMap<>();
  private final Assignments assignments;

  /**
   * Builds both passes over one set of variables.
   *
   * @param shape (n, height, width, 3) of the images
   */
  ForwardPasses(RunConfig config, int numClasses, Shape shape) {
    Ops tf = GraphOps.of(graph);
    images = tf.placeholder(TFloat32.class, Placeholder.shape(shape));
    SimClrModel model = new SimClrModel(config, numClasses);
    variables = Variables.inGraph(tf, false);
    inferred = Endpoints.of(model.build(variables, Replicas.single(), images), config);
    training =
        Variables.captured(
            tf.withSubScope("training"),
            true,
            (ops, spec) -> variables.find(spec.checkpointKey()).orElseThrow().handle());
    trained = Endpoints.of(model.build(training, Replicas.single(), images), config);
    assignments = new Assignments(tf, variables.all());
    for (Variable variable : variables.all()) {
      now.put(
          variable.spec().checkpointKey(), tf.readVariableOp(variable.handle(), TFloat32.class));
    }
    session = new Session(graph, Devices.sessionConfig(config));
  }

  /** Gives every variable a value. */
  void fill(Function<VariableSpec, float[]> values) {
    assignments.assign(session, variables.all().stream().map(Variable::spec).toList(), values);
  }

  /** The endpoints in inference mode; nothing changes. */
  Map<String, Values> infer(float[] pixels) {
    try (TFloat32 fed = OneOff.tensor(images.shape(), pixels)) {
      return OneOff.fetch(session.runner().feed(images, fed), inferred);
    }
  }

  /** The endpoints in training mode; the moving statistics move. */
  Map<String, Values> train(float[] pixels) {
    try (TFloat32 fed = OneOff.tensor(images.shape(), pixels)) {
      Session.Runner runner = session.runner().feed(images, fed);
      training.updates().forEach(runner::addTarget);
      return OneOff.fetch(runner, trained);
    }
  }

  /** What variables hold now, by key, read in one run. */
  Map<String, Values> read(Collection<String> checkpointKeys) {
    Map<String, Operand<TFloat32>> wanted = new LinkedHashMap<>();
    for (String key : checkpointKeys) {
      Operand<TFloat32> value = now.get(key);
      checkArgument(value != null, "%s is not a variable of this model", key);
      wanted.put(key, value);
    }
    return wanted.isEmpty() ? Map.of() : OneOff.fetch(session.runner(), wanted);
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
