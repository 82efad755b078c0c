package simclr.checkpoint;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Part;

/**
 * Where the layer of a variable stands in the model, read from the variable's name.
 *
 * @param role what the variable is
 * @param order convolutions and projection layers are constructed in this order
 */
record LayerNames(Role role, long order) {
  /** The variables from which a model can be told. */
  enum Role {
    CONVOLUTION,
    /** A convolution of a shortcut that begins with average pooling, as selective kernels have. */
    POOLED_SHORTCUT,
    CONVOLUTION_BIAS,
    /** A dense kernel of the projection head. */
    PROJECTION,
    /** The kernel of the supervised head. */
    CLASSIFIER
  }

  // The release's names tell the order of construction and nothing else: conv2d_7 is the eighth.
  private static final Pattern TF1_CONVOLUTION =
      Pattern.compile(Part.ENCODER.tf1Scope() + "/conv2d(?:_(\\d{1,4}))?/(kernel|bias)");
  private static final Pattern TF1_PROJECTION =
      Pattern.compile(Part.PROJECTION_HEAD.tf1Scope() + "/n?l_(\\d{1,4})/dense/kernel");
  private static final String TF1_CLASSIFIER =
      Part.SUPERVISED_HEAD.tf1Scope() + "/linear_layer/dense/kernel";

  private static final Pattern STEM =
      Pattern.compile(
          Part.ENCODER.prefix() + "initial_conv_relu_max_pool/(\\d{1,4})/conv2d/kernel");
  private static final Pattern BLOCK =
      Pattern.compile(
          Part.ENCODER.prefix()
              + "block_groups/(\\d{1,4})/layers/(\\d{1,4})/(\\w+?)_layers?(?:/(\\d{1,4}))?/"
              + "(?:conv2d_fixed_padding/)?(conv2d|conv2d_0|conv2d_1|se_reduce|se_expand)"
              + "/(kernel|bias)");
  private static final Pattern PROJECTION =
      Pattern.compile(Part.PROJECTION_HEAD.prefix() + "linear_layers/(\\d{1,4})/dense/kernel");
  private static final String CLASSIFIER =
      Part.SUPERVISED_HEAD.prefix() + "linear_layer/dense/kernel";

  /** Lists of a block in the order in which their layers are constructed. */
  private static final ImmutableMap<String, Integer> LISTS =
      ImmutableMap.of(
          "shortcut", 0, "projection", 0, "conv2d_bn", 1, "conv_relu_dropblock", 1, "se", 2);

  /** Convolutions of one place, in their order. */
  private static final ImmutableMap<String, Integer> WITHIN =
      ImmutableMap.of("conv2d", 0, "conv2d_0", 1, "conv2d_1", 2, "se_reduce", 0, "se_expand", 1);

  private static final long BASE = 10_000;

  /**
   * Reads a name.
   *
   * @param name a path in the TF2 object graph, Keras' name or that of the TF1 release
   * @return empty for variables that do not matter
   */
  static Optional<LayerNames> of(String name) {
    return name.startsWith(VariableSpec.ROOT)
        ? ofPath(name)
        : ofTf1(KerasNames.asTf1(KerasNames.normal(name)));
  }

  /** Whether Keras' name or that of TF1 is of a variable of a linear projection head. */
  static boolean isOfLinearHead(String name) {
    return name.contains("/l_0/dense");
  }

  private static Optional<LayerNames> ofPath(String path) {
    Matcher stem = STEM.matcher(path);
    if (stem.matches()) {
      return Optional.of(new LayerNames(Role.CONVOLUTION, number(stem.group(1))));
    }
    Matcher block = BLOCK.matcher(path);
    if (block.matches()) {
      return Optional.of(ofBlock(block));
    }
    Matcher projection = PROJECTION.matcher(path);
    if (projection.matches()) {
      return Optional.of(new LayerNames(Role.PROJECTION, number(projection.group(1))));
    }
    return path.equals(CLASSIFIER)
        ? Optional.of(new LayerNames(Role.CLASSIFIER, 0))
        : Optional.empty();
  }

  private static LayerNames ofBlock(Matcher block) {
    int list = LISTS.getOrDefault(block.group(3), 1);
    long index = number(block.group(4));
    long order = 1 + number(block.group(1));
    order = order * BASE + number(block.group(2));
    order = order * BASE + list * 100L + index;
    order = order * 10 + WITHIN.getOrDefault(block.group(5), 0);
    if (block.group(6).equals("bias")) {
      return new LayerNames(Role.CONVOLUTION_BIAS, order);
    }
    // Pooling and its padding move the convolution from index 0.
    return new LayerNames(list == 0 && index > 0 ? Role.POOLED_SHORTCUT : Role.CONVOLUTION, order);
  }

  private static Optional<LayerNames> ofTf1(String name) {
    Matcher convolution = TF1_CONVOLUTION.matcher(name);
    if (convolution.matches()) {
      boolean bias = convolution.group(2).equals("bias");
      return Optional.of(
          new LayerNames(
              bias ? Role.CONVOLUTION_BIAS : Role.CONVOLUTION, number(convolution.group(1))));
    }
    Matcher projection = TF1_PROJECTION.matcher(name);
    if (projection.matches()) {
      return Optional.of(new LayerNames(Role.PROJECTION, number(projection.group(1))));
    }
    return name.equals(TF1_CLASSIFIER)
        ? Optional.of(new LayerNames(Role.CLASSIFIER, 0))
        : Optional.empty();
  }

  /** The first of a kind has no number. */
  private static long number(@Nullable String digits) {
    return digits == null ? 0 : Long.parseLong(digits);
  }
}
