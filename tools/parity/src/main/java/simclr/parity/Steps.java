package simclr.parity;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.RunState.Slot;
import simclr.checkpoint.Saver;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.graph.GraphOps;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;
import simclr.train.graph.TrainingGraph;

/** The product's training graph with given weights and given batches, step by step. */
final class Steps implements AutoCloseable {
  private static final String TRAIN = "train/";

  private final int replicas;
  private final TrainingGraph graph;
  private final Session session;
  private final ModelSpecs specs;
  private final Placeholder<TFloat32> images;
  private final Placeholder<TInt64> labels;
  private final Assignments assignments;
  private final Saver saver;
  private final Operand<TInt64> globalStep;

  /** What the last step left: by group, then by index or name. */
  private final Map<Integer, Values> gradients = new LinkedHashMap<>();

  private final Map<String, Double> scalars = new LinkedHashMap<>();
  private double learningRate = Double.NaN;

  /** Variables, slots and counter as they are now; empty until they are asked for. */
  private Map<String, Values> state = Map.of();

  /**
   * Builds the graph; it has no weights until {@link #start} or {@link #restore}.
   *
   * @param shape (n, height, width, 3 * views) of every batch
   */
  Steps(RunConfig config, long examples, int numClasses, Shape shape) {
    this.replicas = config.replicas();
    List<Placeholder<TFloat32>> images = new ArrayList<>();
    List<Placeholder<TInt64>> labels = new ArrayList<>();
    this.graph =
        TrainingGraph.build(
            config,
            examples,
            numClasses,
            0,
            tf -> {
              images.add(tf.placeholder(TFloat32.class, Placeholder.shape(shape)));
              labels.add(tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(shape.get(0)))));
              return new Batch(images.get(0), labels.get(0));
            });
    this.images = images.get(0);
    this.labels = labels.get(0);
    this.specs = ModelSpecs.of(graph.state().variables());
    Ops tf = GraphOps.of(graph.graph());
    this.assignments = new Assignments(tf, graph.state().variables().all());
    this.saver = Saver.build(tf, graph.state());
    this.globalStep = tf.readVariableOp(graph.state().globalStep(), TInt64.class);
    this.session = new Session(graph.graph(), Devices.sessionConfig(config));
  }

  ModelSpecs specs() {
    return specs;
  }

  Saver saver() {
    return saver;
  }

  /** Begins at step 0 with given weights on all replicas. */
  void start(Function<VariableSpec, float[]> values) {
    graph.initialize(session);
    assignments.assign(session, specs.all(), values);
    begin();
  }

  /** Begins with everything that a checkpoint holds. */
  void restore(CheckpointFile checkpoint) {
    graph.initialize(session);
    saver.restore(session, checkpoint, Saver.Scope.ALL, false);
    begin();
  }

  private void begin() {
    graph.synchronize(session);
    state = Map.of();
  }

  /**
   * Takes one step on a file's batch and keeps what it measures.
   *
   * @param draw which images, as {@link GoldenStep#images} has them
   */
  void take(Fields file, GoldenStep step, int draw, int numClasses) {
    if (!step.shape().equals(images.shape())) {
      throw file.error(
          "images of a step have shape %s, expected %s as in the first step",
          step.shape(), images.shape());
    }
    take(step.images(draw), step.labels(numClasses));
  }

  private void take(float[] pixels, long... classes) {
    Map<String, Operand<? extends TType>> wanted = new LinkedHashMap<>();
    wanted.put("rate", graph.learningRate());
    List<String> names = new ArrayList<>();
    for (int replica = 0; replica < replicas; replica++) {
      String suffix = replicas == 1 ? "" : "/replica" + replica;
      graph
          .scalars(replica)
          .forEach(
              (tag, value) -> {
                String name = tag.toString().substring(TRAIN.length()) + suffix;
                names.add(name);
                wanted.put(name, value);
              });
    }
    for (int i = 0; i < graph.gradients().size(); i++) {
      int index = i;
      graph.gradients().get(i).ifPresent(gradient -> wanted.put("gradient " + index, gradient));
    }
    try (TFloat32 fedImages = OneOff.tensor(images.shape(), pixels);
        TInt64 fedLabels = TInt64.vectorOf(classes)) {
      Session.Runner runner =
          session
              .runner()
              .feed(images, fedImages)
              .feed(labels, fedLabels)
              .addTarget(graph.step().op());
      Map<String, Values> values = OneOff.fetch(runner, wanted);
      state = Map.of();
      keep(values, names);
    }
  }

  private void keep(Map<String, Values> values, List<String> names) {
    scalars.clear();
    gradients.clear();
    names.forEach(name -> scalars.put(name, OneOff.get(values, name).at(0)));
    learningRate = OneOff.get(values, "rate").at(0);
    for (int i = 0; i < graph.gradients().size(); i++) {
      if (graph.gradients().get(i).isPresent()) {
        gradients.put(i, OneOff.get(values, "gradient " + i));
      }
    }
  }

  /** Measures of the last step; with several replicas {@code name/replica<r>}. */
  Map<String, Double> scalars() {
    return scalars;
  }

  /** The rate that the last step took. */
  double learningRate() {
    return learningRate;
  }

  /** Gradient of the last step; empty where a variable has none. */
  Optional<Values> gradient(int index) {
    return Optional.ofNullable(gradients.get(index));
  }

  /** What a variable holds now. */
  Values variable(int index) {
    return OneOff.get(state(), specs.all().get(index).checkpointKey());
  }

  ImmutableList<Slot> slots() {
    return graph.state().slots();
  }

  /** What a slot holds now, if there is one of that name. */
  Optional<Values> slot(VariableSpec spec, String name) {
    return slots().stream()
        .filter(slot -> slot.of().equals(spec) && slot.name().equals(name))
        .findFirst()
        .map(slot -> OneOff.get(state(), path(slot)));
  }

  long globalStep() {
    return (long) OneOff.get(state(), CheckpointKeys.GLOBAL_STEP).at(0);
  }

  /** All that a step leaves behind, by path in a checkpoint, read in one run. */
  private Map<String, Values> state() {
    if (state.isEmpty()) {
      Map<String, Operand<? extends TType>> wanted = new LinkedHashMap<>();
      for (Variable variable : graph.state().variables().all()) {
        wanted.put(variable.spec().checkpointKey(), variable.value());
      }
      slots().forEach(slot -> wanted.put(path(slot), slot.value()));
      wanted.put(CheckpointKeys.GLOBAL_STEP, globalStep);
      state = OneOff.fetch(session.runner(), wanted);
    }
    return state;
  }

  private static String path(Slot slot) {
    return CheckpointKeys.slot(slot.of(), slot.name());
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
