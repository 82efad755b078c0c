package simclr.model;

import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.parallel.Replicas;

/**
 * The whole model: encoder, projection head and linear classifier over one set of variables.
 *
 * <p>{@link #build} is the only place where the model's ops are made; training, evaluation and
 * export call it and differ in what they do with the result.
 */
public final class SimClrModel {
  private final ResNetSpec spec;
  private final RunConfig config;
  private final int numClasses;

  public SimClrModel(RunConfig config, int numClasses) {
    this.spec = ResNetSpec.of(config);
    this.config = config;
    this.numClasses = numClasses;
  }

  /**
   * What a forward pass yields.
   *
   * @param endpoints named activations of the encoder, as exported
   * @param projections h and the output of each projection layer; the last is z
   * @param logits of the classifier, where the model has one
   */
  public record Outputs(
      ResNet.Endpoints endpoints,
      List<Operand<TFloat32>> projections,
      Optional<Operand<TFloat32>> logits) {
    public Operand<TFloat32> z() {
      return projections.get(projections.size() - 1);
    }
  }

  /**
   * Builds one forward pass.
   *
   * @param variables where the pass finds or makes its variables
   * @param replicas the copies that share batch statistics
   * @param images shape (batch, height, width, 3) in [0, 1]; for pretraining the first views of all
   *     images followed by the second views
   */
  public Outputs build(Variables variables, Replicas replicas, Operand<TFloat32> images) {
    Variables.Scope model = variables.root();
    Ops tf = model.tf();
    Layers.Settings settings =
        new Layers.Settings((float) config.batchNormDecay(), config.globalBn(), replicas);

    ResNet.Endpoints endpoints = new ResNet(spec, settings).build(model.at("resnet_model"), images);
    List<Operand<TFloat32>> projections =
        new ProjectionHead(config.numProjLayers(), config.projOutDim(), settings)
            .build(model.at("_projection_head"), endpoints.finalAvgPool());

    if (!config.wantsSupervisedHead() || numClasses == 0) {
      return new Outputs(endpoints, projections, Optional.empty());
    }
    Operand<TFloat32> features = projections.get(config.featureIndex());
    Operand<TFloat32> h = config.pretraining() ? tf.stopGradient(features) : features;
    Operand<TFloat32> logits = new SupervisedHead(numClasses).build(model.at("supervised_head"), h);
    return new Outputs(endpoints, projections, Optional.of(logits));
  }
}
