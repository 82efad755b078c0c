package simclr.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.config.RunConfig;
import simclr.config.RunConfig.FrozenBn;
import simclr.config.RunConfig.Precision;
import simclr.model.ResNet.Freezing;
import simclr.model.VariableSpec.Part;
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

  /**
   * The model that the flags ask for.
   *
   * @param numClasses outputs of the supervised head; 0 leaves the head out, for unlabelled data
   */
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
   * @param normalized the output of each projection layer before its ReLU
   * @param logits of the classifier, where the model has one
   */
  public record Outputs(
      ResNet.Endpoints endpoints,
      List<Operand<TFloat32>> projections,
      List<Operand<TFloat32>> normalized,
      Optional<Operand<TFloat32>> logits) {
    public Operand<TFloat32> z() {
      return projections.get(projections.size() - 1);
    }
  }

  public ResNetSpec encoder() {
    return spec;
  }

  /** Whether the model has a supervised head. */
  boolean supervised() {
    return config.wantsSupervisedHead() && numClasses > 0;
  }

  /**
   * The model's variables, learned by building it on images that never come; no values are made, so
   * that the largest models fit anywhere.
   *
   * @param training whether batch norm is built for training, as {@link Variables#inGraph} has it
   */
  public Variables declare(Ops tf, boolean training) {
    Variables variables = Variables.inGraph(tf, training);
    Shape shape = Shape.of(1, config.imageSize(), config.imageSize(), 3);
    build(variables, Replicas.single(), tf.placeholder(TFloat32.class, Placeholder.shape(shape)));
    return variables;
  }

  /**
   * Builds one forward pass without the random blur.
   *
   * @param variables where the pass finds or makes its variables
   * @param replicas the copies that share batch statistics
   * @param images shape (n, height, width, 3 * views) in [0, 1]; the outputs' batch is all first
   *     views followed by all second views
   */
  public Outputs build(Variables variables, Replicas replicas, Operand<TFloat32> images) {
    return build(variables, replicas, images, Optional.empty());
  }

  /**
   * Builds one forward pass.
   *
   * @param blurSeed shape (2,), of the random blur of pretraining, whose second element no other
   *     step or replica comes closer to than the number of views; empty for no blur
   */
  public Outputs build(
      Variables variables,
      Replicas replicas,
      Operand<TFloat32> images,
      Optional<Operand<TInt64>> blurSeed) {
    Variables.Scope model = variables.root();
    Ops tf = model.tf();
    Layers.Settings settings =
        Layers.Settings.of(
            config.batchNormDecay(), config.globalBn(), spec.selectiveKernels(), replicas);
    Freezing freezing =
        new Freezing(config.fineTuneAfterBlock(), config.frozenBn() == FrozenBn.FIXED);

    ResNet resnet = new ResNet(spec, settings, freezing);
    Operand<TFloat32> views = stackViews(tf, images, blurSeed);
    ResNet.Endpoints endpoints =
        config.precision() == Precision.BFLOAT16
            ? resnet.build(
                model.child(Part.ENCODER.edge()), Layers.cast(tf, views, TBfloat16.class))
            : resnet.build(model.child(Part.ENCODER.edge()), views);
    ProjectionHead.Outputs head =
        new ProjectionHead(
                config.projHeadMode(), config.projLayers(), config.projOutDim(), settings)
            .build(model.child(Part.PROJECTION_HEAD.edge()), endpoints.finalAvgPool());

    return new Outputs(
        endpoints, head.hiddens(), head.normalized(), classify(model, head.hiddens()));
  }

  private Optional<Operand<TFloat32>> classify(
      Variables.Scope model, List<Operand<TFloat32>> hiddens) {
    if (!supervised()) {
      return Optional.empty();
    }
    Operand<TFloat32> features = hiddens.get(config.featureIndex());
    Operand<TFloat32> h = config.pretraining() ? model.tf().stopGradient(features) : features;
    return Optional.of(
        new SupervisedHead(numClasses).build(model.child(Part.SUPERVISED_HEAD.edge()), h));
  }

  /** From views behind one another in the channels to views behind one another in the batch. */
  private Operand<TFloat32> stackViews(
      Ops tf, Operand<TFloat32> images, Optional<Operand<TInt64>> blurSeed) {
    long count = images.shape().get(-1) / 3;
    List<Operand<TFloat32>> views = new ArrayList<>();
    for (Operand<TFloat32> view :
        count == 1 ? List.of(images) : tf.split(tf.constant(3), images, count).output()) {
      Optional<Operand<TInt64>> seed =
          blurSeed.map(s -> tf.math.add(s, tf.array(0L, views.size())));
      views.add(seed.map(s -> BatchBlur.build(tf, view, config.imageSize(), s)).orElse(view));
    }
    return views.size() == 1 ? views.get(0) : tf.concat(views, tf.constant(0));
  }
}
