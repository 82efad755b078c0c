package simclr.train.graph;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.Architecture;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.FlagsFile;
import simclr.checkpoint.ModelDir;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.model.SimClrModel;
import simclr.model.Variables;
import simclr.parallel.Replicas;

/**
 * The model whose answers a student learns (SimCLRv2 section 2.3): frozen, in inference mode.
 *
 * @param config flags that build it, at the student's image size
 * @param numClasses of its supervised head
 * @param file its weights
 */
public record Teacher(RunConfig config, int numClasses, CheckpointFile file) {
  /** Flags that decide over a model's variables and endpoints. */
  private static final ImmutableMap<String, String> SHAPE =
      ImmutableMap.<String, String>builder()
          .put("resnet_depth", "")
          .put("width_multiplier", "")
          .put("sk_ratio", "")
          .put("se_ratio", "")
          .put("proj_head_mode", "")
          .put("proj_out_dim", "")
          .put("num_proj_layers", "")
          .put("ft_proj_selector", "")
          .put("batch_norm_decay", "")
          .buildOrThrow();

  /**
   * The teacher that {@code --teacher} names. Its architecture comes from the flags recorded beside
   * it, else from the shapes of its variables.
   *
   * @return empty without the flag
   * @throws UserException NO_INPUT if there is none, DATA if it has no supervised head or its
   *     architecture cannot be told
   */
  public static Optional<Teacher> of(RunConfig student, Consumer<String> say) {
    return student.distillation().teacher().map(path -> open(student, path, say));
  }

  private static Teacher open(RunConfig student, String path, Consumer<String> say) {
    CheckpointFile file = ModelDir.resolve("--teacher", path, say);
    Architecture found = Architecture.of(file);
    if (found.classes().isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "--teacher %s has no supervised head (%s), expected a model that was fine-tuned, or"
              + " pretrained with a linear classifier beside",
          path,
          found);
    }
    Map<String, String> flags = new LinkedHashMap<>(shape(path, file, found));
    flags.put("train_mode", "finetune");
    flags.put("image_size", Integer.toString(student.imageSize()));
    flags.put("precision", student.toFlags().get("precision") + "");
    flags.put("global_bn", Boolean.toString(student.globalBn()));
    Teacher teacher = new Teacher(RunConfig.of(flags), found.numClasses(), file);
    say.accept(
        String.format(Locale.ROOT, "teacher: %s, %s, frozen, in inference mode", file, found));
    return teacher;
  }

  /** The directory of a checkpoint holds the run's flags; that of a SavedModel none. */
  private static Map<String, String> shape(String path, CheckpointFile file, Architecture found) {
    Path directory = file.prefix().toAbsolutePath().resolveSibling("");
    Optional<FlagsFile> recorded = FlagsFile.read(directory);
    if (recorded.isPresent()) {
      return Maps.filterKeys(recorded.get().flags(), SHAPE::containsKey);
    }
    if (found.encoder().isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "--teacher %s is not a model that this program knows (%s), expected one of its checkpoints"
              + " or SavedModels",
          path,
          found);
    }
    return found.flags();
  }

  /** A teacher in a graph: one for each replica, with variables that no checkpoint holds. */
  record Built(Variables variables, Operand<TFloat32> logits) {}

  /**
   * Adds the forward pass.
   *
   * @param images shape (n, height, width, 3), as the student sees them
   */
  Built build(Ops tf, Replicas replicas, Operand<TFloat32> images) {
    String prefix = String.format(Locale.ROOT, "teacher_%d/", replicas.rank());
    Variables variables =
        Variables.captured(
            tf.withSubScope("teacher"),
            false,
            (ops, spec) ->
                ops.varHandleOp(
                    TFloat32.class,
                    spec.shape(),
                    VarHandleOp.sharedName(prefix + spec.kerasName())));
    Operand<TFloat32> logits =
        new SimClrModel(config, numClasses)
            .build(variables, Replicas.single(), images)
            .logits()
            .orElseThrow();
    return new Built(variables, tf.stopGradient(logits));
  }
}
