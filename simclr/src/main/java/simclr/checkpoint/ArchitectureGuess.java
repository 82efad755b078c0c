package simclr.checkpoint;

import static java.util.stream.Collectors.joining;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.model.VariableSpec;

/**
 * What kind of model a set of variables belongs to, read off their paths and shapes, so that a
 * checkpoint that does not fit can be called by its name.
 *
 * @param depth of the ResNet; empty if the blocks are those of none that exists
 * @param stem {@code CIFAR stem}, {@code ImageNet stem} or {@code ResNet-D stem}; empty if unknown
 * @param widthMultiplier 0 if unknown
 * @param selectiveKernels whether {@code --sk_ratio} was above 0
 * @param squeezeExcite whether {@code --se_ratio} was above 0
 * @param projLayers layers of the projection head
 * @param projOutDim length of z; 0 without a projection head
 * @param classes of the supervised head; empty if there is none
 */
public record ArchitectureGuess(
    OptionalInt depth,
    String stem,
    long widthMultiplier,
    boolean selectiveKernels,
    boolean squeezeExcite,
    int projLayers,
    long projOutDim,
    OptionalLong classes) {

  private static final String GROUPS = "model/resnet_model/block_groups/";
  private static final String STEM = "model/resnet_model/initial_conv_relu_max_pool/";
  private static final String PROJECTION = "model/_projection_head/linear_layers/";
  private static final String BIAS = "model/supervised_head/linear_layer/dense/bias";

  private static final ImmutableMap<List<Integer>, Integer> BASIC =
      ImmutableMap.of(List.of(2, 2, 2, 2), 18, List.of(3, 4, 6, 3), 34);
  private static final ImmutableMap<List<Integer>, Integer> BOTTLENECK =
      ImmutableMap.of(
          List.of(3, 4, 6, 3), 50,
          List.of(3, 4, 23, 3), 101,
          List.of(3, 8, 36, 3), 152,
          List.of(3, 24, 36, 3), 200);

  /** What the file holds; it is of TF2 or of TF1. */
  public static ArchitectureGuess of(CheckpointFile file) {
    if (!file.isObjectBased()) {
      Map<String, Shape> tf1 = new TreeMap<>();
      file.tensors().forEach(entry -> tf1.put(entry.key(), entry.shape()));
      return ofTf1Shapes(tf1);
    }
    Map<String, Shape> shapes = new TreeMap<>();
    for (Entry entry : file.tensors()) {
      if (!entry.path().contains(CheckpointKeys.SLOT)) {
        shapes.put(entry.path(), entry.shape());
      }
    }
    return ofShapes(shapes);
  }

  /** What a model that was built asks for. */
  public static ArchitectureGuess of(Collection<VariableSpec> specs) {
    Map<String, Shape> shapes = new TreeMap<>();
    specs.forEach(spec -> shapes.put(spec.checkpointKey(), spec.shape()));
    return ofShapes(shapes);
  }

  /**
   * What a set of TF1 variables belongs to.
   *
   * @param shapes by TF1 name; slots and what is not of a model do not matter
   */
  public static ArchitectureGuess ofTf1Shapes(Map<String, Shape> shapes) {
    return Tf1Layers.of(shapes).guess();
  }

  /**
   * What a set of TF2 variables belongs to.
   *
   * @param shapes by path in the object graph, without slots
   */
  public static ArchitectureGuess ofShapes(Map<String, Shape> shapes) {
    boolean bottleneck = has(shapes, GROUPS, "/conv_relu_dropblock_layers/");
    String stem = stemOf(shapes);
    return new ArchitectureGuess(
        depthOf(shapes, bottleneck),
        stem,
        widthOf(shapes),
        stem.equals("ResNet-D stem") || shortcutIsPooled(shapes, bottleneck),
        has(shapes, GROUPS, "/se_reduce/"),
        count(shapes, PROJECTION),
        projOutDimOf(shapes),
        shapes.containsKey(BIAS) ? OptionalLong.of(last(shapes.get(BIAS))) : OptionalLong.empty());
  }

  /** E.g. {@code ResNet-18, CIFAR stem, width 1, 3 projection layers (128), 10 classes}. */
  @Override
  public String toString() {
    return Stream.of(
            depth.isPresent() ? "ResNet-" + depth.getAsInt() : "no known ResNet",
            stem,
            widthMultiplier > 0 ? "width " + widthMultiplier : "",
            selectiveKernels ? "selective kernels" : "",
            squeezeExcite ? "squeeze and excitation" : "",
            projLayers == 0
                ? "no projection head"
                : projLayers
                    + (projLayers == 1 ? " projection layer (" : " projection layers (")
                    + projOutDim
                    + ')',
            classes.isPresent() ? classes.getAsLong() + " classes" : "no supervised head")
        .filter(part -> !part.isEmpty())
        .collect(joining(", "));
  }

  private static OptionalInt depthOf(Map<String, Shape> shapes, boolean bottleneck) {
    ImmutableList.Builder<Integer> blocks = ImmutableList.builder();
    for (int group = 0; group < count(shapes, GROUPS); group++) {
      blocks.add(count(shapes, GROUPS + group + "/layers/"));
    }
    Integer depth = (bottleneck ? BOTTLENECK : BASIC).get(blocks.build());
    return depth == null ? OptionalInt.empty() : OptionalInt.of(depth);
  }

  /** The list's indices count layers without variables too, hence a ResNet-D stem's 4 and 6. */
  private static String stemOf(Map<String, Shape> shapes) {
    Shape first = shapes.get(STEM + "0/conv2d/kernel");
    if (first == null || first.numDimensions() != 4) {
      return "";
    } else if (shapes.containsKey(STEM + "4/conv2d/kernel")) {
      return "ResNet-D stem";
    }
    return first.get(0) == 7 ? "ImageNet stem" : "CIFAR stem";
  }

  private static long widthOf(Map<String, Shape> shapes) {
    Shape deep = shapes.get(STEM + "4/conv2d/kernel");
    @Nullable Shape kernel = deep == null ? shapes.get(STEM + "0/conv2d/kernel") : deep;
    return last(kernel) / 64;
  }

  /** With selective kernels a shortcut begins with average pooling, which moves its indices. */
  private static boolean shortcutIsPooled(Map<String, Shape> shapes, boolean bottleneck) {
    String list = bottleneck ? "projection_layers" : "shortcut_layers";
    return shapes.containsKey(GROUPS + "1/layers/0/" + list + "/2/conv2d/kernel");
  }

  private static long projOutDimOf(Map<String, Shape> shapes) {
    int layers = count(shapes, PROJECTION);
    return last(shapes.get(PROJECTION + (layers - 1) + "/dense/kernel"));
  }

  /** One more than the highest list index that follows {@code prefix}. */
  private static int count(Map<String, Shape> shapes, String prefix) {
    return shapes.keySet().stream()
        .filter(path -> path.startsWith(prefix))
        .map(path -> Splitter.on('/').split(path.substring(prefix.length())).iterator().next())
        .filter(index -> index.matches("\\d{1,4}"))
        .mapToInt(index -> Integer.parseInt(index) + 1)
        .max()
        .orElse(0);
  }

  private static boolean has(Map<String, Shape> shapes, String prefix, String part) {
    return shapes.keySet().stream()
        .anyMatch(path -> path.startsWith(prefix) && path.contains(part));
  }

  private static long last(@Nullable Shape shape) {
    return shape == null || shape.numDimensions() == 0 ? 0 : shape.get(-1);
  }
}
