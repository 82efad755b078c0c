package simclr.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig.OptimizerKind;
import simclr.model.VariableSpec.Initializer;
import simclr.model.VariableSpec.Kind;
import simclr.model.Variables;
import simclr.model.Variables.Scope;
import simclr.model.Variables.Variable;

/**
 * {@code factor * sum(w²) / 2} over a model of six variables, each of the one value that it has.
 */
@Tag("numeric")
final class WeightDecayTest {
  private static final float CONVOLUTION = 1;
  private static final float GATE_BIAS = 2;
  private static final float GAMMA = 4;
  private static final float MOVING_MEAN = 8;
  private static final float CLASSIFIER = 3;
  private static final float CLASSIFIER_BIAS = 5;

  @Test
  void underLarsOnlyTheClassifiersKernelIsDecayedHere() {
    assertThat(decay(OptimizerKind.LARS, true, 0.1f))
        .isCloseTo(0.1f * CLASSIFIER * CLASSIFIER / 2, within(1e-6f));
  }

  @Test
  void underLarsNothingIsDecayedWithoutAClassifier() {
    assertThat(decay(OptimizerKind.LARS, false, 0.1f)).isZero();
  }

  @Test
  void otherwiseAllButBatchNormAreDecayedBiasesToo() {
    float squares =
        CONVOLUTION * CONVOLUTION
            + GATE_BIAS * GATE_BIAS
            + CLASSIFIER * CLASSIFIER
            + CLASSIFIER_BIAS * CLASSIFIER_BIAS;
    for (OptimizerKind kind : List.of(OptimizerKind.MOMENTUM, OptimizerKind.ADAM)) {
      assertThat(decay(kind, true, 0.1f)).isCloseTo(0.1f * squares / 2, within(1e-5f));
    }
  }

  private static float decay(OptimizerKind optimizer, boolean classifier, float factor) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variables variables = Variables.inGraph(tf, true);
      Scope encoder = variables.root().child("resnet_model").newLayer("resnet");
      Scope convolution = encoder.child("convolution").newLayer("conv2d");
      variable(convolution, Kind.KERNEL, CONVOLUTION);
      variable(convolution, Kind.BIAS, GATE_BIAS);
      Scope norm = encoder.child("norm").newLayer("sync_batch_normalization");
      variable(norm, Kind.GAMMA, GAMMA);
      variable(norm, Kind.MOVING_MEAN, MOVING_MEAN);
      if (classifier) {
        Scope dense =
            variables
                .root()
                .child("supervised_head")
                .named("head_supervised")
                .child("dense")
                .newLayer("dense");
        variable(dense, Kind.KERNEL, CLASSIFIER);
        variable(dense, Kind.BIAS, CLASSIFIER_BIAS);
      }
      Operand<TFloat32> decay = WeightDecay.build(tf, variables, optimizer, factor);
      try (Session session = new Session(graph)) {
        for (Variable variable : variables.all()) {
          Initializer.Constant value = (Initializer.Constant) variable.spec().initializer();
          session
              .runner()
              .addTarget(
                  tf.assignVariableOp(variable.handle(), tf.constant(new float[] {value.value()})))
              .run()
              .close();
        }
        try (Result result = session.runner().fetch(decay).run()) {
          return ((TFloat32) result.get(0)).getFloat();
        }
      }
    }
  }

  private static void variable(Scope layer, Kind kind, float value) {
    layer.variable(kind, Shape.of(1), new Initializer.Constant(value));
  }
}
