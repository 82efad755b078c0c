package simclr.train.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;

/** Which variables some steps of fine-tuning change: ResNet-18, 16 pixels, 4 images of noise. */
@Tag("numeric")
final class FineTuningTest {
  private static final int STEPS = 3;
  private static final String ENCODER = "model/resnet_model/";
  private static final String STEM = ENCODER + "initial_conv_relu_max_pool/";
  private static final String GROUP = ENCODER + "block_groups/";
  private static final String HEAD = "model/supervised_head/";

  @ParameterizedTest
  @CsvSource({
    "-1, moving",
    "0, moving",
    "1, moving",
    "2, moving",
    "3, moving",
    "4, moving",
    "1, fixed",
    "4, fixed"
  })
  void blocksUpToTheGivenOneKeepTheirWeights(int lastFrozen, String frozenBn) {
    Map<String, Boolean> changed =
        changedBy(
            Map.of("fine_tune_after_block", Integer.toString(lastFrozen), "frozen_bn", frozenBn));
    assertThat(changed).hasSize(121);
    changed.forEach(
        (key, hasChanged) -> {
          boolean statistic = key.endsWith("/moving_mean") || key.endsWith("/moving_variance");
          boolean frozen = block(key) >= 0 && block(key) <= lastFrozen;
          boolean trained = key.startsWith(HEAD) || (block(key) >= 0 && !frozen);
          // The reference lets frozen blocks take batch statistics; the projection head stands
          // behind the classifier's features, so that nothing but its statistics moves.
          boolean moved = statistic && (frozen ? frozenBn.equals("moving") : true);
          assertThat(hasChanged).as(key).isEqualTo(trained || moved);
        });
  }

  @Test
  void theClassifierOnAProjectionLayerTrainsThatLayer() {
    assertThat(changedBy(Map.of("ft_proj_selector", "1", "fine_tune_after_block", "4")))
        .containsEntry(HEAD + "linear_layer/dense/kernel", true)
        .containsEntry("model/_projection_head/linear_layers/0/dense/kernel", true)
        .containsEntry("model/_projection_head/linear_layers/1/dense/kernel", false)
        .containsEntry(GROUP + "3/layers/1/conv2d_bn_layers/0/conv2d/kernel", false);
  }

  /** The stem is block 0, the groups are 1 to 4; -1 outside of the encoder. */
  private static int block(String key) {
    if (key.startsWith(STEM)) {
      return 0;
    }
    return key.startsWith(GROUP) ? 1 + (key.charAt(GROUP.length()) - '0') : -1;
  }

  /** Whether the steps changed each variable. */
  private static Map<String, Boolean> changedBy(Map<String, String> changes) {
    RunConfig config = config(changes);
    try (TrainingGraph graph = TrainingGraph.build(config, 16, 4, 1, FineTuningTest::noise);
        Session session = new Session(graph.graph(), Devices.sessionConfig(config))) {
      graph.initialize(session);
      Map<String, float[]> before = values(graph, session);
      for (int i = 0; i < STEPS; i++) {
        session.runner().addTarget(graph.step().op()).run().close();
      }
      Map<String, Boolean> changed = new HashMap<>();
      values(graph, session)
          .forEach((key, value) -> changed.put(key, !Arrays.equals(before.get(key), value)));
      return changed;
    }
  }

  private static Map<String, float[]> values(TrainingGraph graph, Session session) {
    List<Variable> variables = List.copyOf(graph.state().variables().all());
    Session.Runner runner = session.runner();
    variables.forEach(variable -> runner.fetch(variable.value()));
    Map<String, float[]> all = new HashMap<>();
    try (Result result = runner.run()) {
      for (int i = 0; i < variables.size(); i++) {
        float[] values = new float[(int) variables.get(i).spec().shape().size()];
        ((TFloat32) result.get(i)).asRawTensor().data().asFloats().read(values);
        all.put(variables.get(i).spec().checkpointKey(), values);
      }
    }
    return all;
  }

  private static Batch noise(Ops tf) {
    Operand<TFloat32> images =
        tf.random.statelessRandomUniform(tf.array(4, 16, 16, 3), tf.array(7L, 7L));
    return new Batch(images, tf.constant(new long[] {0, 1, 2, 3}));
  }

  private static RunConfig config(Map<String, String> changes) {
    Map<String, String> flags =
        new HashMap<>(
            Map.of(
                "train_mode", "finetune",
                "resnet_depth", "18",
                "image_size", "16",
                "train_batch_size", "4",
                "warmup_epochs", "0",
                "optimizer", "momentum",
                "weight_decay", "0",
                // Behind a block's zero gamma the first gradients are too small to move a 1.
                "learning_rate", "64"));
    flags.putAll(changes);
    return RunConfig.of(flags);
  }
}
