package simclr.checkpoint;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.ndarray.Shape;

/**
 * The layers of a TF1 model in the order in which they were called, which is all that TF1's names
 * tell: {@code conv2d_7} is the eighth convolution, wherever it stands. From the stem on a block is
 * its shortcut, its main path and what squeezes it, so that the first block tells the kind of all
 * and the number of convolutions tells how many there are.
 */
final class Tf1Layers {
  private static final Pattern CONVOLUTION =
      Pattern.compile("base_model/conv2d(?:_(\\d{1,4}))?/(kernel|bias)");
  private static final Pattern PROJECTION =
      Pattern.compile("head_contrastive/n?l_(\\d{1,4})/dense/kernel");
  private static final String CLASSES = "head_supervised/linear_layer/dense/bias";

  /** Depth by number of blocks; a basic block has two convolutions, a bottleneck three. */
  private static final ImmutableMap<Integer, Integer> BASIC = ImmutableMap.of(8, 18, 16, 34);

  private static final ImmutableMap<Integer, Integer> BOTTLENECK =
      ImmutableMap.of(16, 50, 33, 101, 50, 152, 66, 200);

  private final ImmutableList<Shape> kernels;
  private final ImmutableList<Shape> projections;
  private final boolean biased;
  private final OptionalLong classes;

  private Tf1Layers(
      ImmutableList<Shape> kernels,
      ImmutableList<Shape> projections,
      boolean biased,
      OptionalLong classes) {
    this.kernels = kernels;
    this.projections = projections;
    this.biased = biased;
    this.classes = classes;
  }

  static Tf1Layers of(Map<String, Shape> shapes) {
    TreeMap<Integer, Shape> kernels = new TreeMap<>();
    TreeMap<Integer, Shape> projections = new TreeMap<>();
    boolean biased = false;
    for (Map.Entry<String, Shape> variable : shapes.entrySet()) {
      Matcher convolution = CONVOLUTION.matcher(variable.getKey());
      Matcher projection = PROJECTION.matcher(variable.getKey());
      if (convolution.matches() && convolution.group(2).equals("bias")) {
        biased = true;
      } else if (convolution.matches() && variable.getValue().numDimensions() == 4) {
        String number = convolution.group(1);
        kernels.put(number == null ? 0 : Integer.parseInt(number), variable.getValue());
      } else if (projection.matches() && variable.getValue().numDimensions() == 2) {
        projections.put(Integer.parseInt(projection.group(1)), variable.getValue());
      }
    }
    Shape bias = shapes.get(CLASSES);
    return new Tf1Layers(
        ImmutableList.copyOf(kernels.values()),
        ImmutableList.copyOf(projections.values()),
        biased,
        bias == null || bias.numDimensions() != 1
            ? OptionalLong.empty()
            : OptionalLong.of(bias.get(0)));
  }

  ArchitectureGuess guess() {
    boolean deepStem = size(0) == 3 && size(1) == 3;
    int stem = deepStem ? 3 : 1;
    boolean bottleneck = size(stem + 1) == 1;
    // The 3x3 convolution of a bottleneck makes both branches of a selective kernel at once.
    boolean selective = bottleneck && size(stem + 2) == 3 && out(stem + 2) == 2 * out(stem + 1);
    int perBlock = (bottleneck ? 3 : 2) + (selective ? 2 : 0) + (biased ? 2 : 0);
    int shortcuts = 4;
    int ofBlocks = kernels.size() - stem - shortcuts;
    Integer depth =
        ofBlocks > 0 && ofBlocks % perBlock == 0
            ? (bottleneck ? BOTTLENECK : BASIC).get(ofBlocks / perBlock)
            : null;
    return new ArchitectureGuess(
        depth == null ? OptionalInt.empty() : OptionalInt.of(depth),
        stem(deepStem),
        out(stem - 1) / 64,
        selective,
        biased,
        projections.size(),
        projections.isEmpty() ? 0 : projections.get(projections.size() - 1).get(1),
        classes);
  }

  private String stem(boolean deep) {
    if (kernels.isEmpty()) {
      return "";
    } else if (deep) {
      return "ResNet-D stem";
    }
    return size(0) == 7 ? "ImageNet stem" : "CIFAR stem";
  }

  /** Side of a convolution's kernel; 0 if there is none. */
  private long size(int convolution) {
    return convolution < kernels.size() ? kernels.get(convolution).get(0) : 0;
  }

  /** Output channels of a convolution; 0 if there is none. */
  private long out(int convolution) {
    return convolution < kernels.size() ? kernels.get(convolution).get(3) : 0;
  }
}
