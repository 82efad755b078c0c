package simclr.export.convert;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Kind;
import simclr.model.VariableSpec.Part;

/**
 * What torchvision's ResNet calls a variable, derived from where it stands. Blocks of a group are
 * numbered alike; within a block the lists count layers without variables, torchvision counts pairs
 * of convolution and batch norm.
 */
final class TorchNames {
  private static final Pattern STEM =
      Pattern.compile(Part.ENCODER.prefix() + "initial_conv_relu_max_pool/\\d+/(conv2d|bn)/\\w+");
  private static final Pattern BLOCK =
      Pattern.compile(
          Part.ENCODER.prefix()
              + "block_groups/(\\d+)/layers/(\\d+)/(\\w+)/(\\d+)/(conv2d|bn)/\\w+");
  private static final Pattern CLASSIFIER =
      Pattern.compile(Part.SUPERVISED_HEAD.prefix() + "linear_layer/dense/\\w+");

  private TorchNames() {}

  /** Empty for the projection head, which torchvision's models do not have. */
  static Optional<String> of(VariableSpec spec) {
    return module(spec.checkpointKey()).map(module -> module + '.' + attribute(spec.kind()));
  }

  /** Name of the counter that torch keeps beside moving averages, for the variable that is one. */
  static Optional<String> batchCounter(VariableSpec spec) {
    return spec.kind() == Kind.MOVING_MEAN
        ? module(spec.checkpointKey()).map(module -> module + ".num_batches_tracked")
        : Optional.empty();
  }

  /** Order of axes in torch: HWIO to OIHW, (in, out) to (out, in), vectors as they are. */
  static int[] axes(VariableSpec spec) {
    return switch (spec.shape().numDimensions()) {
      case 4 -> new int[] {3, 2, 0, 1};
      case 2 -> new int[] {1, 0};
      default -> new int[] {0};
    };
  }

  private static Optional<String> module(String key) {
    Matcher stem = STEM.matcher(key);
    if (stem.matches()) {
      return Optional.of(layer(stem.group(1)) + 1);
    }
    Matcher block = BLOCK.matcher(key);
    if (block.matches()) {
      int group = Integer.parseInt(block.group(1));
      return Optional.of(
          String.format(
              Locale.ROOT,
              "layer%d.%s.%s",
              group + 1,
              block.group(2),
              inBlock(block.group(3), Integer.parseInt(block.group(4)), block.group(5))));
    }
    return CLASSIFIER.matcher(key).matches() ? Optional.of("fc") : Optional.empty();
  }

  private static String inBlock(String list, int index, String layer) {
    return switch (list) {
      case "projection_layers", "shortcut_layers" -> "downsample." + index;
      case "conv_relu_dropblock_layers" -> layer(layer) + (index / 3 + 1);
      default -> layer(layer) + (index / 2 + 1);
    };
  }

  private static String layer(String layer) {
    return layer.equals("bn") ? "bn" : "conv";
  }

  private static String attribute(Kind kind) {
    return switch (kind) {
      case KERNEL, GAMMA -> "weight";
      case BIAS, BETA -> "bias";
      case MOVING_MEAN -> "running_mean";
      case MOVING_VARIANCE -> "running_var";
    };
  }
}
