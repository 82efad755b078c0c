package simclr.checkpoint;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.Assigner.Target;
import simclr.checkpoint.RestorePlan.Wanted;
import simclr.model.Variables;

/** Fills a model that is only looked through, in evaluation and export, from a checkpoint. */
public final class Restorer {
  private final Variables variables;
  private final Assigner assigner;

  private Restorer(Variables variables, Assigner assigner) {
    this.variables = variables;
    this.assigner = assigner;
  }

  /** Adds the ops; the graph's session starts after that. */
  public static Restorer build(Ops tf, Variables variables) {
    return new Restorer(variables, Assigner.build(tf.withSubScope("restore"), targets(variables)));
  }

  /**
   * Restores all variables of the model.
   *
   * @param partial whether variables may be left as they are; the session has initialised them then
   * @throws simclr.config.UserException DATA, with the report's first rows, if the file does not
   *     fit or is torn
   */
  public RestoreReport restore(Session session, CheckpointFile file, boolean partial) {
    Misfit.checkObjectBased(file);
    RestorePlan plan = RestorePlan.of(file, wanted(variables), path -> ofModel(path));
    Misfit.check(file, plan.report(), variables, partial, ImmutableList.of());
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
        .map(v -> Wanted.of(v.spec().checkpointKey(), DataType.DT_FLOAT, v.spec().shape()))
        .collect(toImmutableList());
  }

  static boolean ofModel(String path) {
    return path.startsWith("model/") && !path.contains(CheckpointKeys.SLOT);
  }
}
