package simclr.parity;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Multimaps;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.tensorflow.Graph;
import simclr.config.RunConfig;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.model.Variables.Variable;

/**
 * The variables of a model in the orders that Keras lists them in.
 *
 * @param trainable in the order of Keras' {@code trainable_variables}
 * @param others moving statistics and frozen weights, in the order of {@code
 *     non_trainable_variables}
 * @param constructed all of them in the order in which the layers are constructed
 */
record ModelSpecs(
    ImmutableList<VariableSpec> trainable,
    ImmutableList<VariableSpec> others,
    ImmutableList<VariableSpec> constructed) {

  private static final Pattern BLOCK =
      Pattern.compile("model/resnet_model/block_groups/\\d+/layers/\\d+/");

  static ModelSpecs of(RunConfig config, int numClasses) {
    try (Graph graph = new Graph()) {
      return of(new SimClrModel(config, numClasses).declare(GraphOps.of(graph), true));
    }
  }

  static ModelSpecs of(Variables variables) {
    return new ModelSpecs(
        specs(variables.trainable()),
        weightsFirst(specs(variables.nonTrainable())),
        specs(ImmutableList.copyOf(variables.all())));
  }

  /**
   * Where fine-tuning freezes a block group, Keras lists the weights of each of its blocks before
   * the block's moving statistics; elsewhere only statistics are left to list.
   */
  private static ImmutableList<VariableSpec> weightsFirst(List<VariableSpec> tracked) {
    return Multimaps.index(tracked, ModelSpecs::block).asMap().values().stream()
        .flatMap(
            block ->
                Stream.concat(
                    block.stream().filter(spec -> inBlock(spec) && !spec.kind().isStatistic()),
                    block.stream().filter(spec -> !inBlock(spec) || spec.kind().isStatistic())))
        .collect(ImmutableList.toImmutableList());
  }

  private static boolean inBlock(VariableSpec spec) {
    return BLOCK.matcher(spec.checkpointKey()).lookingAt();
  }

  /** The block that a variable belongs to, or else the part of the model. */
  private static String block(VariableSpec spec) {
    Matcher block = BLOCK.matcher(spec.checkpointKey());
    return block.lookingAt()
        ? block.group()
        : Splitter.on('/').splitToList(spec.checkpointKey()).get(2);
  }

  /** Trainable variables, then the others. */
  ImmutableList<VariableSpec> all() {
    return ImmutableList.<VariableSpec>builder().addAll(trainable).addAll(others).build();
  }

  private static ImmutableList<VariableSpec> specs(List<Variable> variables) {
    return variables.stream().map(Variable::spec).collect(ImmutableList.toImmutableList());
  }
}
