package simclr.checkpoint;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static simclr.checkpoint.CheckpointKeys.GLOBAL_STEP;
import static simclr.checkpoint.CheckpointKeys.KERAS_LEARNING_RATE;
import static simclr.checkpoint.CheckpointKeys.KERAS_VARIABLES;
import static simclr.checkpoint.CheckpointKeys.OBJECT_GRAPH;
import static simclr.checkpoint.CheckpointKeys.SAVE_COUNTER;
import static simclr.checkpoint.CheckpointKeys.key;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import simclr.checkpoint.Assigner.Target;
import simclr.checkpoint.RestorePlan.Wanted;
import simclr.checkpoint.RunState.Slot;
import simclr.checkpoint.bundle.BundleWriter;
import simclr.config.UserException;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Part;
import simclr.model.Variables.Variable;

/**
 * Writes a run's state as a TF2 object checkpoint and fills it from one. Values pass between files
 * and variables inside the runtime, never through the Java heap.
 */
public final class Saver {
  private final RunState state;
  private final BundleWriter writer;
  private final Op countSave;
  private final Assigner assigner;
  private final ImmutableList<CheckpointFile.Entry> tensors;

  private Saver(
      RunState state,
      BundleWriter writer,
      Op countSave,
      Assigner assigner,
      ImmutableList<CheckpointFile.Entry> tensors) {
    this.tensors = tensors;
    this.state = state;
    this.writer = writer;
    this.countSave = countSave;
    this.assigner = assigner;
  }

  /** How much of a checkpoint is restored. */
  public enum Scope {
    /** Model, optimizer, step and save counter: a run goes on. */
    ALL,
    /** The model's variables: a new run starts from them. */
    MODEL_ONLY
  }

  /** Adds the ops; the graph's session starts after that. */
  public static Saver build(Ops tf, RunState state) {
    Ops ops = tf.withSubScope("save");
    Map<String, Operand<?>> values = values(ops, state);
    BundleWriter writer = BundleWriter.build(ops, values);
    Op countSave = ops.assignAddVariableOp(state.saveCounter(), ops.constant(1L));
    return new Saver(
        state,
        writer,
        countSave,
        Assigner.build(tf.withSubScope("restore"), targets(state)),
        entries(values));
  }

  /** What {@link #save} writes. */
  public ImmutableList<CheckpointFile.Entry> tensors() {
    return tensors;
  }

  private static ImmutableList<CheckpointFile.Entry> entries(Map<String, Operand<?>> values) {
    return values.entrySet().stream()
        .map(
            value -> {
              Output<?> tensor = value.getValue().asOutput();
              return new CheckpointFile.Entry(value.getKey(), tensor.dataType(), tensor.shape());
            })
        .collect(toImmutableList());
  }

  /**
   * Writes {@code PREFIX.index} and {@code PREFIX.data-00000-of-00001}, and counts the save. The
   * files get their names once they are whole and on the disk, the index last: without an index
   * there is no checkpoint.
   *
   * @throws UserException CANNOT_WRITE if the disk is full or otherwise unable; the files of other
   *     checkpoints are as they were
   */
  public void save(Session session, Path prefix) {
    writer.write(session, prefix);
    session.runner().addTarget(countSave).run().close();
  }

  /**
   * Restores from {@code file}. Shapes are compared first; on an error nothing is assigned.
   *
   * <p>With {@link Scope#MODEL_ONLY} a file without a supervised head is accepted: the head then
   * starts from its initialiser, and the report lists it as missing. A head for other classes is
   * not accepted.
   *
   * @param partial whether what is missing or of another shape keeps the value that the session has
   *     initialised it with; slots are then zero
   * @throws UserException DATA, with the report's first rows, if the file does not fit or is
   *     corrupt or truncated
   */
  public RestoreReport restore(Session session, CheckpointFile file, Scope scope, boolean partial) {
    CheckpointCompatibility.checkObjectBased(file);
    RestorePlan plan =
        scope == Scope.ALL
            ? RestorePlan.of(file, wanted(file), Saver::isState)
            : RestorePlan.of(file, Restorer.wanted(state.variables()), Restorer::ofModel);
    CheckpointCompatibility.check(
        file, plan.report(), state.variables(), partial, mayLack(file, scope));
    assigner.assign(session, file, plan.keys());
    return plan.report();
  }

  /** All tensors of a checkpoint by key. */
  private static Map<String, Operand<?>> values(Ops tf, RunState state) {
    Map<String, Operand<?>> values = new LinkedHashMap<>();
    values.put(key(GLOBAL_STEP), tf.readVariableOp(state.globalStep(), TInt64.class));
    values.put(
        key(SAVE_COUNTER), // counts the save under way, but only once it has succeeded
        tf.math.add(tf.readVariableOp(state.saveCounter(), TInt64.class), tf.constant(1L)));
    for (Variable variable : state.variables().all()) {
      values.put(key(variable.spec().checkpointKey()), variable.value());
    }
    for (int i = 0; i < state.slots().size(); i++) {
      Slot slot = state.slots().get(i);
      String path = state.layout().byPosition() ? CheckpointKeys.kerasSlot(i) : path(slot);
      values.put(key(path), slot.value());
    }
    if (state.layout().byPosition()) {
      values.put(key(KERAS_LEARNING_RATE), state.lastLearningRate());
    }
    byte[] graph = ObjectGraph.of(state).toByteArray();
    try (TString tensor = TString.tensorOfBytes(NdArrays.scalarOfObject(graph))) {
      values.put(OBJECT_GRAPH, tf.constantOf(tensor));
    }
    return values;
  }

  private static ImmutableList<Target> targets(RunState state) {
    return Stream.of(
            Restorer.targets(state.variables()).stream(),
            state.slots().stream().map(s -> new Target(path(s), TFloat32.class, s.handle())),
            Stream.of(
                new Target(GLOBAL_STEP, TInt64.class, state.globalStep()),
                new Target(SAVE_COUNTER, TInt64.class, state.saveCounter())))
        .flatMap(targets -> targets)
        .collect(toImmutableList());
  }

  private ImmutableList<Wanted> wanted(CheckpointFile file) {
    boolean keras = kerasSlots(file) == state.slots().size();
    return Stream.of(
            Restorer.wanted(state.variables()).stream(),
            IntStream.range(0, state.slots().size()).mapToObj(i -> wanted(i, keras)),
            Stream.of(
                Wanted.of(GLOBAL_STEP, DataType.DT_INT64, Shape.scalar()),
                Wanted.of(SAVE_COUNTER, DataType.DT_INT64, Shape.scalar())))
        .flatMap(wanted -> wanted)
        .collect(toImmutableList());
  }

  /**
   * @param keras whether the file lists as many slots by position as this run has; with another
   *     number the positions belong to other variables or to another optimizer
   */
  private Wanted wanted(int index, boolean keras) {
    Slot slot = state.slots().get(index);
    boolean byPosition = keras && state.layout().byPosition();
    return new Wanted(
        path(slot),
        DataType.DT_FLOAT,
        slot.of().shape(),
        byPosition
            ? ImmutableList.of(CheckpointKeys.kerasSlot(index), path(slot))
            : ImmutableList.of(path(slot)));
  }

  private static String path(Slot slot) {
    return CheckpointKeys.slot(slot.of(), slot.name());
  }

  private static long kerasSlots(CheckpointFile file) {
    return file.tensors().stream().filter(e -> e.path().startsWith(KERAS_VARIABLES)).count();
  }

  /** Hyperparameters that older optimizers store come from the flags here, never from the file. */
  private static boolean isState(String path) {
    return path.startsWith(VariableSpec.ROOT) || path.startsWith(KERAS_VARIABLES);
  }

  private ImmutableList<String> mayLack(CheckpointFile file, Scope scope) {
    boolean fileHasHead =
        file.tensors().stream().anyMatch(e -> Part.SUPERVISED_HEAD.holds(e.path()));
    return scope == Scope.ALL || fileHasHead
        ? ImmutableList.of()
        : state.variables().all().stream()
            .map(v -> v.spec().checkpointKey())
            .filter(Part.SUPERVISED_HEAD::holds)
            .collect(toImmutableList());
  }
}
