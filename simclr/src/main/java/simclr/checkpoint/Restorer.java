package simclr.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.Assigner.Target;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.RestorePlan.Wanted;
import simclr.checkpoint.RunState.Slot;
import simclr.model.VariableSpec;
import simclr.model.Variables;

/** Fills a model that is only looked through, in evaluation and export, from a checkpoint. */
public final class Restorer {
  private final Variables variables;
  private final ImmutableMap<String, Shape> shapes;
  private final Assigner assigner;

  private Restorer(Variables variables, ImmutableMap<String, Shape> shapes, Assigner assigner) {
    this.variables = variables;
    this.shapes = shapes;
    this.assigner = assigner;
  }

  /** Adds the ops; the graph's session starts after that. */
  public static Restorer build(Ops tf, Variables variables) {
    return build(tf, variables, ImmutableList.of());
  }

  /** The same for a model with slots beside it, for {@link #restoreFrom} alone. */
  public static Restorer build(Ops tf, Variables variables, List<Slot> slots) {
    ImmutableMap.Builder<String, Shape> shapes = ImmutableMap.builder();
    variables.all().forEach(v -> shapes.put(v.spec().checkpointKey(), v.spec().shape()));
    slots.forEach(s -> shapes.put(CheckpointKeys.slot(s.of(), s.name()), s.of().shape()));
    ImmutableList<Target> targets =
        ImmutableList.<Target>builder()
            .addAll(targets(variables))
            .addAll(
                slots.stream()
                    .map(
                        s ->
                            new Target(
                                CheckpointKeys.slot(s.of(), s.name()), TFloat32.class, s.handle()))
                    .toList())
            .build();
    return new Restorer(
        variables, shapes.buildOrThrow(), Assigner.build(tf.withSubScope("restore"), targets));
  }

  /**
   * Restores from a file that names its tensors in its own way.
   *
   * @param keyOf key of the tensor to take, by the path of the variable or slot that takes it;
   *     others keep their values
   * @throws simclr.config.UserException DATA if the file's data are corrupt or truncated
   * @throws IllegalArgumentException if a tensor is not there or of another shape
   */
  public void restoreFrom(
      Session session, CheckpointFile file, ImmutableMap<String, String> keyOf) {
    keyOf.forEach(
        (path, key) ->
            checkArgument(
                file.find(key).map(Entry::shape).equals(Optional.ofNullable(shapes.get(path))),
                "%s of %s does not fit %s",
                key,
                file,
                path));
    assigner.assign(session, file, keyOf);
  }

  /**
   * Restores all variables of the model.
   *
   * @param partial whether variables may be left as they are; the session has initialised them then
   * @throws simclr.config.UserException DATA, with the report's first rows, if the file does not
   *     fit or is corrupt or truncated
   */
  public RestoreReport restore(Session session, CheckpointFile file, boolean partial) {
    CheckpointCompatibility.checkObjectBased(file);
    RestorePlan plan = RestorePlan.of(file, wanted(variables), path -> ofModel(path));
    CheckpointCompatibility.check(file, plan.report(), variables, partial, ImmutableList.of());
    assigner.assign(session, file, plan.keys());
    return plan.report();
  }

  static ImmutableList<Target> targets(Variables variables) {
    return variables.all().stream()
        .map(v -> new Target(v.spec().checkpointKey(), TFloat32.class, v.handle()))
        .collect(toImmutableList());
  }

  static ImmutableList<Wanted> wanted(Variables variables) {
    return variables.all().stream()
        .map(
            v ->
                new Wanted(
                    v.spec().checkpointKey(),
                    DataType.DT_FLOAT,
                    v.spec().shape(),
                    ImmutableList.of(
                        v.spec().checkpointKey(), KerasNames.normal(v.spec().kerasName()))))
        .collect(toImmutableList());
  }

  static boolean ofModel(String path) {
    return path.startsWith(VariableSpec.ROOT) && !path.contains(CheckpointKeys.SLOT);
  }
}
