package simclr.export.savedmodel;

import com.google.common.collect.ImmutableMap;
import java.util.Locale;
import java.util.function.Consumer;
import simclr.checkpoint.CheckpointFile;
import simclr.export.weights.InferredModel;
import simclr.export.weights.WeightSource;

/** The model's flags for a checkpoint that comes without them, from its tensors. */
public final class GuessedFlags {
  private GuessedFlags() {}

  /**
   * Flags for {@link simclr.config.RunConfig}.
   *
   * @param say told what was found, and what could not be seen
   * @throws simclr.config.UserException DATA if the tensors are those of no known model
   */
  public static ImmutableMap<String, String> of(CheckpointFile checkpoint, Consumer<String> say) {
    InferredModel found =
        InferredModel.of(WeightSource.open("--checkpoint", checkpoint.prefix(), false, line -> {}));
    say.accept(
        String.format(
            Locale.ROOT,
            "%s has no flags.json beside it; its tensors are of %s; --train_mode=pretrain is assumed",
            checkpoint,
            found));
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    found
        .config()
        .with(ImmutableMap.of("global_bn", Boolean.toString(!hasLocalNames(checkpoint))))
        .toFlags()
        .forEach(
            (name, value) -> {
              if (value != null) {
                flags.put(name, value.toString());
              }
            });
    return flags.buildOrThrow();
  }

  /** Whether batch norm was local: only the names of the variables show it. */
  private static boolean hasLocalNames(CheckpointFile checkpoint) {
    return checkpoint.objectGraph().getNodesList().stream()
        .flatMap(node -> node.getAttributesList().stream())
        .anyMatch(attribute -> attribute.getFullName().contains("/batch_normalization"));
  }
}
