package simclr.checkpoint;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableMap;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.model.ResNetSpec;
import simclr.model.VariableSpec;

/**
 * The model that a set of variables belongs to, inferred from their names and shapes alone. Names
 * may be paths of the TF2 object graph, Keras' names or those of the TF1 release.
 *
 * <p>Two things leave no trace and are taken as published: an {@code sk_ratio} or {@code se_ratio}
 * among those that give the same shapes, and, under TF1's and Keras' names, that a ResNet-18 or -34
 * with a CIFAR stem pools its shortcuts (its {@code sk_ratio} is then taken for 0).
 *
 * @param encoder empty if there is no such ResNet
 * @param projLayers layers of the projection head; 0 without one
 * @param projOutDim length of z; 0 without a projection head
 * @param linearHead whether the head is the linear one rather than a nonlinear one of one layer;
 *     false where the names do not say
 * @param classes outputs of the supervised head; empty if there is none
 * @param classifiesProjection whether the supervised head reads z. The layers between are as wide
 *     as h; h is taken then, as by default
 */
public record Architecture(
    Optional<ResNetSpec> encoder,
    int projLayers,
    int projOutDim,
    boolean linearHead,
    OptionalInt classes,
    boolean classifiesProjection) {

  /** The model of a TF2 or TF1 checkpoint. */
  public static Architecture of(CheckpointFile file) {
    Map<String, Shape> shapes = new TreeMap<>();
    for (Entry entry : file.tensors()) {
      shapes.put(file.isObjectBased() ? entry.path() : entry.key(), entry.shape());
    }
    Architecture found = of(shapes);
    return file.isObjectBased() ? found.withHeadOf(new ObjectPaths(file.objectGraph())) : found;
  }

  /** What a model that was built asks for. */
  public static Architecture of(Collection<VariableSpec> specs) {
    Map<String, Shape> shapes = new TreeMap<>();
    specs.forEach(spec -> shapes.put(spec.checkpointKey(), spec.shape()));
    Architecture found = of(shapes);
    return found.withHead(
        specs.stream().map(VariableSpec::kerasName).anyMatch(LayerNames::isOfLinearHead));
  }

  /**
   * The model of variables with these names.
   *
   * @param shapes by path in the object graph, Keras name or TF1 name; slots and what is not of a
   *     model do not matter
   */
  public static Architecture of(Map<String, Shape> shapes) {
    TreeMap<Long, Shape> convolutions = new TreeMap<>();
    TreeMap<Long, Shape> projections = new TreeMap<>();
    boolean biased = false;
    boolean pooledShortcuts = false;
    boolean linear = false;
    Shape classifier = Shape.unknown();
    for (Map.Entry<String, Shape> variable : shapes.entrySet()) {
      Optional<LayerNames> name = LayerNames.of(variable.getKey());
      if (name.isEmpty()) {
        continue;
      }
      Shape shape = variable.getValue();
      switch (name.get().role()) {
        case CONVOLUTION, POOLED_SHORTCUT -> {
          pooledShortcuts |= name.get().role() == LayerNames.Role.POOLED_SHORTCUT;
          if (shape.numDimensions() == 4) {
            convolutions.put(name.get().order(), shape);
          }
        }
        case CONVOLUTION_BIAS -> biased = true;
        case PROJECTION -> {
          linear |= LayerNames.isOfLinearHead(variable.getKey());
          if (shape.numDimensions() == 2) {
            projections.put(name.get().order(), shape);
          }
        }
        case CLASSIFIER -> classifier = shape;
      }
    }
    Optional<ResNetSpec> encoder = EncoderLayers.of(convolutions.values(), biased, pooledShortcuts);
    boolean supervised = classifier.numDimensions() == 2;
    return new Architecture(
        encoder,
        projections.size(),
        projections.isEmpty() ? 0 : Math.toIntExact(projections.lastEntry().getValue().get(1)),
        linear && projections.size() == 1,
        supervised ? OptionalInt.of(Math.toIntExact(classifier.get(1))) : OptionalInt.empty(),
        supervised
            && encoder.isPresent()
            && classifier.get(0) != encoder.get().representationSize());
  }

  /** The same with the kind of the head told by Python's names of the variables. */
  public Architecture withHeadOf(ObjectPaths objects) {
    return withHead(objects.keysByName().keySet().stream().anyMatch(LayerNames::isOfLinearHead));
  }

  /** Outputs of the supervised head; 0 without one. */
  public int numClasses() {
    return classes.orElse(0);
  }

  /** {@code CIFAR stem}, {@code ImageNet stem} or {@code ResNet-D stem}; empty if unknown. */
  public String stem() {
    return encoder
        .map(
            found ->
                found.cifarStem()
                    ? "CIFAR stem"
                    : found.selectiveKernels() ? "ResNet-D stem" : "ImageNet stem")
        .orElse("");
  }

  /**
   * Flags that build such a model, for {@link simclr.config.RunConfig}.
   *
   * @throws java.util.NoSuchElementException if the encoder is unknown
   */
  public ImmutableMap<String, String> flags() {
    ResNetSpec found = encoder.orElseThrow();
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    flags.put("resnet_depth", Integer.toString(found.depth()));
    flags.put("width_multiplier", Integer.toString(found.widthMultiplier()));
    flags.put("image_size", found.cifarStem() ? "32" : "224");
    flags.put("sk_ratio", Float.toString(found.skRatio()));
    flags.put("se_ratio", Float.toString(found.seRatio()));
    if (projLayers == 0) {
      flags.put("proj_head_mode", "none");
    } else {
      flags.put("proj_head_mode", linearHead ? "linear" : "nonlinear");
      flags.put("num_proj_layers", Integer.toString(projLayers));
      flags.put("proj_out_dim", Integer.toString(projOutDim));
    }
    if (classifiesProjection) {
      flags.put("ft_proj_selector", "-1");
    }
    return flags.buildOrThrow();
  }

  /** E.g. {@code ResNet-18, CIFAR stem, width 1, 3 projection layers (128), 10 classes}. */
  @Override
  public String toString() {
    @Nullable ResNetSpec found = encoder.orElse(null);
    return Stream.of(
            found == null ? "no known ResNet" : "ResNet-" + found.depth(),
            stem(),
            found == null ? "" : "width " + found.widthMultiplier(),
            found != null && found.selectiveKernels() ? "selective kernels" : "",
            found != null && found.squeezeExcite() ? "squeeze and excitation" : "",
            projLayers == 0
                ? "no projection head"
                : projLayers
                    + (projLayers == 1 ? " projection layer (" : " projection layers (")
                    + projOutDim
                    + ')',
            classes.isPresent() ? classes.getAsInt() + " classes" : "no supervised head")
        .filter(part -> !part.isEmpty())
        .collect(joining(", "));
  }

  private Architecture withHead(boolean linear) {
    return new Architecture(
        encoder, projLayers, projOutDim, linear && projLayers == 1, classes, classifiesProjection);
  }
}
