package simclr.export.weights;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.tensorflow.Graph;
import simclr.checkpoint.ArchitectureGuess;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Kind;
import simclr.model.Variables.Variable;

/**
 * A model that can be built, inferred from the names and shapes of its variables.
 *
 * @param guess what the shapes say
 * @param config flags that build the same model
 * @param numClasses outputs of the supervised head; 0 without one
 * @param variables of that model, in the order of construction: the only source of names
 */
public record Architecture(
    ArchitectureGuess guess,
    RunConfig config,
    int numClasses,
    ImmutableList<VariableSpec> variables) {

  /** Ratios of published models, taken where the shapes leave a choice. */
  private static final double PUBLISHED_SK = 0.0625;

  private static final double PUBLISHED_SE = 0.25;

  private static final int LEAST_SK = 32;
  private static final int LEAST_SE = 1;

  /** A width that {@code max(least, (int) (filters * ratio))} must give. */
  private record Width(long filters, long squeezed) {}

  /**
   * Infers the architecture of what a file holds.
   *
   * @throws UserException DATA if no model of this program has such variables
   */
  public static Architecture of(WeightSource source) {
    ArchitectureGuess guess = source.guess();
    if (guess.depth().isEmpty() || guess.widthMultiplier() < 1 || guess.stem().isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s holds the variables of no SimCLR model that this program knows (%s); first of %s"
              + " names: %s",
          source.path(),
          guess,
          source.keys().size(),
          source.keys().keySet().stream().limit(3).toList());
    }
    int classes = Math.toIntExact(guess.classes().orElse(0));
    RunConfig config = RunConfig.of(flags(source, guess));
    ImmutableList<VariableSpec> variables = variables(config, classes);
    if (guess.selectiveKernels() || guess.squeezeExcite()) {
      config = config.with(ratios(source, guess, variables));
      variables = variables(config, classes);
    }
    if (classifiesProjections(source, variables)) {
      config = config.with(ImmutableMap.of("ft_proj_selector", "-1"));
      variables = variables(config, classes);
    }
    return new Architecture(guess, config, classes, variables);
  }

  /**
   * Whether the supervised head reads the last projection layer. Shapes cannot tell h from the
   * layers between, which are as wide; h is taken then, as by default.
   */
  private static boolean classifiesProjections(
      WeightSource source, ImmutableList<VariableSpec> variables) {
    return variables.stream()
        .filter(spec -> spec.kind() == Kind.KERNEL)
        .filter(spec -> spec.checkpointKey().startsWith("model/supervised_head/"))
        .anyMatch(
            spec ->
                source
                    .find(source.nameOf(spec))
                    .filter(entry -> entry.shape().numDimensions() == 2)
                    .filter(entry -> entry.shape().get(0) != spec.shape().get(0))
                    .isPresent());
  }

  /** The variables of a model, learned by building it; no values are made. */
  public static ImmutableList<VariableSpec> variables(RunConfig config, int numClasses) {
    try (Graph graph = new Graph()) {
      return new SimClrModel(config, numClasses)
          .declare(GraphOps.of(graph), false).all().stream()
              .map(Variable::spec)
              .collect(toImmutableList());
    }
  }

  /** The same with less in it. */
  public Architecture reduced(ImmutableMap<String, String> flags, int classes) {
    RunConfig smaller = config.with(flags);
    return new Architecture(guess, smaller, classes, variables(smaller, classes));
  }

  /** One line: what it is, and the flags that build it. */
  @Override
  public String toString() {
    return guess
        + " (--resnet_depth=%s --width_multiplier=%s --sk_ratio=%s --se_ratio=%s --image_size=%s --proj_head_mode=%s --num_proj_layers=%s --proj_out_dim=%s)"
            .formatted(
                config.resnetDepth(),
                config.widthMultiplier(),
                config.skRatio(),
                config.seRatio(),
                config.imageSize(),
                config.projHeadMode().name().toLowerCase(Locale.ROOT),
                config.numProjLayers(),
                config.projOutDim());
  }

  private static ImmutableMap<String, String> flags(WeightSource source, ArchitectureGuess guess) {
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    flags.put("resnet_depth", Integer.toString(guess.depth().orElseThrow()));
    flags.put("width_multiplier", Long.toString(guess.widthMultiplier()));
    flags.put("image_size", guess.stem().startsWith("CIFAR") ? "32" : "224");
    flags.put("sk_ratio", guess.selectiveKernels() ? Double.toString(PUBLISHED_SK) : "0");
    flags.put("se_ratio", guess.squeezeExcite() ? Double.toString(PUBLISHED_SE) : "0");
    if (guess.projLayers() == 0) {
      flags.put("proj_head_mode", "none");
    } else {
      boolean linear = guess.projLayers() == 1 && source.hasLinearHead();
      flags.put("proj_head_mode", linear ? "linear" : "nonlinear");
      flags.put("num_proj_layers", Integer.toString(guess.projLayers()));
      flags.put("proj_out_dim", Long.toString(guess.projOutDim()));
    }
    return flags.buildOrThrow();
  }

  /**
   * The ratios behind the shapes; the names that lead to them do not depend on the ratios. Which
   * layer squeezes is told by its object's name.
   */
  private static ImmutableMap<String, String> ratios(
      WeightSource source, ArchitectureGuess guess, List<VariableSpec> variables) {
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    int widening = guess.depth().orElse(0) >= 50 ? 4 : 1;
    if (guess.selectiveKernels()) {
      List<Width> widths = widths(source, variables, "/conv2d_0/kernel", 1);
      flags.put("sk_ratio", Double.toString(ratio(widths, LEAST_SK, PUBLISHED_SK)));
    }
    if (guess.squeezeExcite()) {
      List<Width> widths = widths(source, variables, "/se_reduce/kernel", widening);
      flags.put("se_ratio", Double.toString(ratio(widths, LEAST_SE, PUBLISHED_SE)));
    }
    return flags.buildOrThrow();
  }

  private static List<Width> widths(
      WeightSource source, List<VariableSpec> variables, String layer, int widening) {
    return variables.stream()
        .filter(spec -> spec.checkpointKey().endsWith(layer))
        .map(spec -> source.find(source.nameOf(spec)).map(Entry::shape))
        .flatMap(Optional::stream)
        .filter(shape -> shape.numDimensions() == 4)
        .map(shape -> new Width(shape.get(2) / widening, shape.get(3)))
        .toList();
  }

  /** A ratio in [0, 1] that gives these widths, the published one if it does. */
  private static double ratio(List<Width> widths, int least, double published) {
    double low = 0;
    double high = 1;
    for (Width width : widths) {
      if (width.squeezed() > least) {
        low = Math.max(low, (double) width.squeezed() / width.filters());
      }
      high = Math.min(high, (double) (width.squeezed() + 1) / width.filters());
    }
    boolean isPublished = widths.isEmpty() || (low <= published && published < high);
    return isPublished ? published : Math.min(1, (low + Math.max(low, high)) / 2);
  }
}
