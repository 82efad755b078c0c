package simclr.export.weights;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Locale;
import org.tensorflow.Graph;
import simclr.checkpoint.Architecture;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;

/**
 * A model that can be built, inferred from the names and shapes of its variables.
 *
 * @param architecture what the names and shapes say
 * @param config flags that build the same model
 * @param numClasses outputs of the supervised head; 0 without one
 * @param variables of that model, in the order of construction: the only source of names
 */
public record InferredModel(
    Architecture architecture,
    RunConfig config,
    int numClasses,
    ImmutableList<VariableSpec> variables) {

  /**
   * Infers the architecture of what a file holds.
   *
   * @throws UserException DATA if no model of this program has such variables
   */
  public static InferredModel of(WeightSource source) {
    Architecture found = source.architecture();
    if (found.encoder().isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s holds the variables of no SimCLR model that this program knows (%s); first of %s"
              + " names: %s",
          source.path(),
          found,
          source.keys().size(),
          source.keys().keySet().stream().limit(3).toList());
    }
    RunConfig config = RunConfig.of(found.flags());
    int classes = found.numClasses();
    return new InferredModel(found, config, classes, variables(config, classes));
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
  public InferredModel reduced(ImmutableMap<String, String> flags, int classes) {
    RunConfig smaller = config.with(flags);
    return new InferredModel(architecture, smaller, classes, variables(smaller, classes));
  }

  /** One line: what it is, and the flags that build it. */
  @Override
  public String toString() {
    return architecture
        + String.format(
            Locale.ROOT,
            " (--resnet_depth=%s --width_multiplier=%s --sk_ratio=%s --se_ratio=%s --image_size=%s"
                + " --proj_head_mode=%s --num_proj_layers=%s --proj_out_dim=%s)",
            config.resnetDepth(),
            config.widthMultiplier(),
            config.skRatio(),
            config.seRatio(),
            config.imageSize(),
            config.projHeadMode().name().toLowerCase(Locale.ROOT),
            config.numProjLayers(),
            config.projOutDim());
  }
}
