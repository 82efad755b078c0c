package simclr.export.savedmodel;

import com.google.common.collect.ImmutableMap;
import java.util.function.Consumer;
import org.tensorflow.ndarray.Shape;
import simclr.checkpoint.ArchitectureGuess;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** The model's flags for a checkpoint that comes without them, from its tensors. */
final class GuessedFlags {
  /** The published ratio; tensors show it only where it does not end at the lower bound. */
  private static final double SK_RATIO = 0.0625;

  private GuessedFlags() {}

  /**
   * Flags for {@link simclr.config.RunConfig}.
   *
   * @param say told what was found, and what could not be seen
   * @throws UserException DATA if the tensors are those of no known model
   */
  static ImmutableMap<String, String> of(CheckpointFile checkpoint, Consumer<String> say) {
    ArchitectureGuess found = ArchitectureGuess.of(checkpoint);
    if (found.depth().isEmpty() || found.widthMultiplier() == 0) {
      throw new UserException(
          ExitCode.DATA,
          "%s holds %s, expected the variables of a SimCLR model",
          checkpoint,
          found);
    }
    int imageSize = found.stem().equals("CIFAR stem") ? 32 : 224;
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    flags.put("resnet_depth", Integer.toString(found.depth().getAsInt()));
    flags.put("width_multiplier", Long.toString(found.widthMultiplier()));
    flags.put("image_size", Integer.toString(imageSize));
    flags.put("sk_ratio", found.selectiveKernels() ? Double.toString(SK_RATIO) : "0");
    flags.put("se_ratio", Double.toString(seRatio(checkpoint)));
    flags.put("proj_head_mode", found.projLayers() == 0 ? "none" : "nonlinear");
    if (found.projLayers() > 0) {
      flags.put("num_proj_layers", Integer.toString(found.projLayers()));
      flags.put("proj_out_dim", Long.toString(found.projOutDim()));
    }
    flags.put("global_bn", Boolean.toString(!hasLocalNames(checkpoint)));
    say.accept(
        "%s has no flags.json beside it; its tensors are of %s; taken for --image_size=%d and"
                .formatted(checkpoint, found, imageSize)
            + " --train_mode=pretrain unless flags say otherwise");
    return flags.buildOrThrow();
  }

  /** The gate's inner width over its outer one; 0 without squeeze and excitation. */
  private static double seRatio(CheckpointFile checkpoint) {
    return checkpoint.tensors().stream()
        .filter(tensor -> tensor.path().endsWith("/se_reduce/kernel"))
        .map(Entry::shape)
        .filter(shape -> shape.numDimensions() == 4)
        .mapToDouble(GuessedFlags::ratio)
        .max()
        .orElse(0);
  }

  private static double ratio(Shape kernel) {
    return (double) kernel.get(3) / kernel.get(2);
  }

  /** Whether batch norm was local: only the names of the variables show it. */
  private static boolean hasLocalNames(CheckpointFile checkpoint) {
    return checkpoint.objectGraph().getNodesList().stream()
        .flatMap(node -> node.getAttributesList().stream())
        .map(attribute -> attribute.getFullName())
        .anyMatch(name -> name.contains("/batch_normalization"));
  }
}
