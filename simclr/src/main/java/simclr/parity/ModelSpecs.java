package simclr.parity;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.model.Variables.Variable;
import simclr.parallel.Replicas;

/**
 * The variables of a model, learned by building its graph; no values are made, so that the largest
 * models fit anywhere.
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

  static ModelSpecs of(RunConfig config, int numClasses) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variables variables = Variables.inGraph(tf, true);
      Shape shape = Shape.of(1, config.imageSize(), config.imageSize(), 3);
      new SimClrModel(config, numClasses)
          .build(
              variables,
              Replicas.single(),
              tf.placeholder(TFloat32.class, Placeholder.shape(shape)));
      return of(variables);
    }
  }

  static ModelSpecs of(Variables variables) {
    return new ModelSpecs(
        specs(variables.trainable()),
        specs(variables.nonTrainable()),
        specs(ImmutableList.copyOf(variables.all())));
  }

  /** Trainable variables, then the others. */
  ImmutableList<VariableSpec> all() {
    return ImmutableList.<VariableSpec>builder().addAll(trainable).addAll(others).build();
  }

  private static ImmutableList<VariableSpec> specs(List<Variable> variables) {
    return variables.stream().map(Variable::spec).collect(ImmutableList.toImmutableList());
  }
}
