package simclr.train.graph;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.core.Timestamp;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import simclr.checkpoint.RunState;
import simclr.checkpoint.RunState.Slot;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.graph.GraphOps;
import simclr.model.ResourceVariable;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.model.Variables.Variable;
import simclr.optim.LearningRateSchedule;
import simclr.optim.Optimizer;
import simclr.parallel.Devices;
import simclr.parallel.Replicas;
import simclr.summary.Tag;

/**
 * One training step as a graph, built once: next batch, two views, encoder, projection, loss,
 * gradients, update. Running {@link #step} takes the step; nothing is fed.
 *
 * <p>What the step measures is added up in the graph and read at the end of a round.
 */
public final class TrainingGraph implements AutoCloseable {
  private final Graph graph;
  private final Batch batch;
  private final ImmutableList<Tower> towers;
  private final RunState state;
  private final RunningSums sums;
  private final Operand<TFloat32> learningRate;
  private final Op step;
  private final Op initialize;
  private final Op synchronize;
  private final Operand<TBool> finite;
  private final ImmutableList<Operand<TString>> pictures;

  private TrainingGraph(
      Graph graph,
      RunConfig config,
      long trainExamples,
      int numClasses,
      long seed,
      Optional<Teacher> teacher,
      Function<Ops, Batch> input) {
    this.graph = graph;
    Ops tf = GraphOps.of(graph);
    Timestamp before = Timestamp.create(tf.withSubScope("input").scope());
    this.batch = input.apply(tf.withSubScope("input").withControlDependencies(before));
    Timestamp after =
        Timestamp.create(tf.withSubScope("input").withControlDependencies(batch.images()).scope());
    this.pictures = pictures(tf.withSubScope("pictures"), batch.images());

    ResourceVariable globalStep = ResourceVariable.scalar(tf, TInt64.class, "global_step");
    ResourceVariable saveCounter = ResourceVariable.scalar(tf, TInt64.class, "save_counter");
    Operand<TInt64> completed = tf.readVariableOp(globalStep.operand(), TInt64.class);
    LearningRateSchedule schedule = LearningRateSchedule.of(config, trainExamples);
    this.learningRate = rate(tf, schedule, completed);

    SimClrModel model = new SimClrModel(config, numClasses);
    List<Tower> built = new ArrayList<>();
    for (Replicas replica : Devices.replicas(config)) {
      Operand<TInt64> key = blurKey(tf, config, replica, completed, seed);
      built.add(
          Tower.build(
              graph, onDevice(tf, config, replica), config, model, replica, batch, key, teacher));
    }
    this.towers = ImmutableList.copyOf(built);

    Optimizer optimizer = Optimizer.of(config);
    Optimizer.Step rate = new Optimizer.Step(learningRate, completed);
    List<Op> updates = new ArrayList<>();
    List<Op> initial = new ArrayList<>();
    List<Op> mirrored = new ArrayList<>();
    List<Slot> firstSlots = ImmutableList.of();
    for (Tower tower : towers) {
      Update update = Update.build(tower, optimizer, rate);
      updates.addAll(update.updates());
      initial.addAll(update.initial(seed));
      if (tower.replicas().rank() == 0) {
        firstSlots = update.slots();
      } else {
        mirrored.addAll(update.copyOf(towers.get(0), firstSlots));
      }
    }
    this.sums = RunningSums.build(tf, towers, tf.math.sub(after, before));
    updates.addAll(sums.additions());
    initial.addAll(sums.initial());
    initial.add(globalStep.assign(tf, tf.constant(0L)));
    initial.add(saveCounter.assign(tf, tf.constant(0L)));

    this.step =
        tf.withControlDependencies(updates)
            .assignAddVariableOp(globalStep.operand(), tf.constant(1L));
    this.initialize = tf.withControlDependencies(initial).noOp();
    this.synchronize = tf.withControlDependencies(mirrored).noOp();
    this.finite = allFinite(tf, towers.get(0).variables().trainable());
    Operand<TInt64> last =
        tf.math.maximum(tf.math.sub(completed, tf.constant(1L)), tf.constant(0L));
    this.state =
        new RunState(
            towers.get(0).variables(),
            optimizer.layout(),
            ImmutableList.copyOf(firstSlots),
            globalStep.operand(),
            saveCounter.operand(),
            rate(tf, schedule, last));
  }

  /**
   * Builds the step.
   *
   * @param trainExamples images of an epoch, which the learning rate's schedule depends on
   * @param numClasses of the labels; 0 where there are none, which leaves the supervised head out
   * @param seed of initial weights and of the blur
   * @param input adds the operations that yield the next batch over all replicas
   */
  public static TrainingGraph build(
      RunConfig config, long trainExamples, int numClasses, long seed, Function<Ops, Batch> input) {
    return build(config, trainExamples, numClasses, seed, Optional.empty(), input);
  }

  /**
   * The same for a student.
   *
   * @param teacher whose answers are learnt
   */
  public static TrainingGraph build(
      RunConfig config,
      long trainExamples,
      int numClasses,
      long seed,
      Optional<Teacher> teacher,
      Function<Ops, Batch> input) {
    return new TrainingGraph(new Graph(), config, trainExamples, numClasses, seed, teacher, input);
  }

  public Graph graph() {
    return graph;
  }

  /** The op that takes one step on all replicas. */
  public Op step() {
    return step;
  }

  /** What is saved and restored; of the first replica, which the others mirror. */
  public RunState state() {
    return state;
  }

  /** The frozen variables of each replica's teacher; empty where there is none. */
  public List<Variables> teachers() {
    return towers.stream().flatMap(tower -> tower.teacher().stream()).toList();
  }

  /** Rate of the next step. */
  public Operand<TFloat32> learningRate() {
    return learningRate;
  }

  /** The current batch, over all replicas; fetched without the step it is the next one. */
  Batch batch() {
    return batch;
  }

  /** Up to three first views of the step's batch as PNG files, for the image summary. */
  public List<Operand<TString>> pictures() {
    return pictures;
  }

  /** Gives every variable its value at step 0. */
  public void initialize(Session session) {
    session.runner().addTarget(initialize).run().close();
  }

  /** Copies the first replica's variables to the others, after it was restored. */
  public void synchronize(Session session) {
    if (towers.size() > 1) { // a run of nothing would still prepare the graph
      session.runner().addTarget(synchronize).run().close();
    }
  }

  /** Whether all weights are finite numbers. */
  public boolean weightsAreFinite(Session session) {
    try (Result result = session.runner().fetch(finite).run()) {
      return ((TBool) result.get(0)).getBoolean();
    }
  }

  /** The tags that a step measures, in the reference's order. */
  List<Tag> tags() {
    return List.copyOf(towers.get(0).scalars().keySet());
  }

  /** Means over the steps since the last reset, and over replicas. */
  public Map<Tag, Float> readMeans(Session session) {
    return sums.means(session, tags());
  }

  /** Seconds that steps have waited for their batch since the last reset. */
  public double readInputSeconds(Session session) {
    return sums.inputSeconds(session);
  }

  /** The largest finite gradient norm of each trainable variable since the last reset. */
  public Map<VariableSpec, Float> readGradientNorms(Session session) {
    return sums.gradientNorms(session, towers.get(0).variables().trainable());
  }

  /** Forgets what was measured. */
  public void resetMeans(Session session) {
    sums.reset(session);
  }

  /** What one replica measures of a step, before it is averaged. */
  public Map<Tag, Operand<TFloat32>> scalars(int replica) {
    return towers.get(replica).scalars();
  }

  /**
   * Gradients of the total loss, summed over replicas, in the order of the trainable variables;
   * empty where the loss does not depend on one.
   */
  public List<Optional<Operand<TFloat32>>> gradients() {
    return towers.get(0).gradients();
  }

  @Override
  public void close() {
    graph.close();
  }

  private static Operand<TFloat32> rate(
      Ops tf, LearningRateSchedule schedule, Operand<TInt64> completed) {
    return schedule.build(tf, tf.dtypes.cast(completed, TFloat32.class));
  }

  /** The run's seed and a number that leaves room for two views beside those of all others. */
  private static Operand<TInt64> blurKey(
      Ops tf, RunConfig config, Replicas replica, Operand<TInt64> completed, long seed) {
    Operand<TInt64> count =
        tf.math.add(
            tf.math.mul(completed, tf.constant((long) config.replicas())),
            tf.constant((long) replica.rank()));
    return tf.stack(List.of(tf.constant(seed), tf.math.mul(count, tf.constant(2L))));
  }

  private static Ops onDevice(Ops tf, RunConfig config, Replicas replica) {
    if (replica.count() == 1) {
      return tf;
    }
    DeviceType type = DeviceType.valueOf(Devices.type(config));
    return tf.withSubScope("replica_" + replica.rank())
        .withDevice(DeviceSpec.newBuilder().deviceType(type).deviceIndex(replica.rank()).build());
  }

  private static ImmutableList<Operand<TString>> pictures(Ops tf, Operand<TFloat32> images) {
    long count = Math.min(3, images.shape().get(0));
    ImmutableList.Builder<Operand<TString>> pictures = ImmutableList.builder();
    for (int i = 0; i < count; i++) {
      Operand<TFloat32> view =
          tf.squeeze(
              tf.slice(images, tf.array(i, 0, 0, 0), tf.array(1, -1, -1, 3)),
              Squeeze.axis(List.of(0L)));
      pictures.add(Pictures.png(tf, view));
    }
    return pictures.build();
  }

  private static Operand<TBool> allFinite(Ops tf, List<Variable> variables) {
    List<Operand<TFloat32>> norms = new ArrayList<>();
    variables.forEach(v -> norms.add(tf.nn.l2Loss(v.value())));
    return tf.math.isFinite(tf.math.addN(norms));
  }
}
