package simclr.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;
import simclr.summary.Tag;

/** The training step as a whole, on a batch of noise: ResNet-18, 16 pixels, 8 images. */
@org.junit.jupiter.api.Tag("numeric")
final class TrainingGraphTest {
  private static final int IMAGES = 8;

  @Test
  void sameSeedTakesTheSameStepsBitForBit() {
    assertThat(train(flags(Map.of("use_blur", "true")), 3))
        .isEqualTo(train(flags(Map.of("use_blur", "true")), 3));
  }

  @Test
  void twoReplicasTrainAsOneDoes() {
    Map<Tag, Float> one = train(flags(Map.of()), 3).means();
    Map<Tag, Float> two = train(flags(Map.of("replicas", "2")), 3).means();
    assertThat(two.keySet()).isEqualTo(one.keySet());
    one.forEach(
        (tag, value) -> assertThat(two.get(tag)).as("%s", tag).isCloseTo(value, within(2e-3f)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lars", "momentum", "adam"})
  void everyOptimizerLowersTheLoss(String optimizer) {
    RunConfig config =
        flags(
            Map.of(
                "optimizer", optimizer, "learning_rate", optimizer.equals("adam") ? "0.01" : "1"));
    float first = train(config, 1).mean(Tag.TOTAL_LOSS);
    assertThat(train(config, 12).last().getOrDefault(Tag.TOTAL_LOSS, Float.NaN)).isLessThan(first);
  }

  @Test
  void bfloat16StaysNearFloat32() {
    float exact = train(flags(Map.of()), 1).mean(Tag.CONTRAST_LOSS);
    float mixed = train(flags(Map.of("precision", "bfloat16")), 1).mean(Tag.CONTRAST_LOSS);
    assertThat(mixed).isCloseTo(exact, within(0.05f * exact)).isNotEqualTo(exact);
  }

  @Test
  void unlabelledBatchesTrainWithoutProbe() {
    try (TrainingGraph graph =
            TrainingGraph.build(flags(Map.of()), 64, 0, 1, TrainingGraphTest::noise);
        Session session = new Session(graph.graph(), Devices.sessionConfig(flags(Map.of())))) {
      assertThat(graph.tags())
          .containsExactly(
              Tag.WEIGHT_DECAY,
              Tag.TOTAL_LOSS,
              Tag.CONTRAST_LOSS,
              Tag.CONTRAST_ACC,
              Tag.CONTRAST_ENTROPY);
      assertThat(graph.state().variables().find("model/supervised_head/linear_layer/dense/kernel"))
          .isEmpty();
      graph.initialize(session);
      assertThat(graph.weightsAreFinite(session)).isTrue();
    }
  }

  /** What a run ends with. */
  private record Trained(
      Map<Tag, Float> means, Map<Tag, Float> last, Map<String, Integer> weights) {
    float mean(Tag tag) {
      return means.getOrDefault(tag, Float.NaN);
    }
  }

  private static Trained train(RunConfig config, int steps) {
    try (TrainingGraph graph = TrainingGraph.build(config, 64, 10, 1, TrainingGraphTest::noise);
        Session session = new Session(graph.graph(), Devices.sessionConfig(config))) {
      graph.initialize(session);
      graph.synchronize(session);
      for (int i = 0; i < steps - 1; i++) {
        session.runner().addTarget(graph.step().op()).run().close();
      }
      Map<Tag, Float> before = graph.readMeans(session);
      session.runner().addTarget(graph.step().op()).run().close();
      Map<Tag, Float> means = graph.readMeans(session);
      Map<Tag, Float> last = new HashMap<>();
      means.forEach(
          (tag, mean) -> last.put(tag, mean * steps - before.getOrDefault(tag, 0f) * (steps - 1)));
      return new Trained(means, last, digests(graph, session));
    }
  }

  private static Map<String, Integer> digests(TrainingGraph graph, Session session) {
    List<Variable> variables = List.copyOf(graph.state().variables().all());
    Session.Runner runner = session.runner();
    variables.forEach(variable -> runner.fetch(variable.value()));
    Map<String, Integer> digests = new HashMap<>();
    try (Result result = runner.run()) {
      for (int i = 0; i < variables.size(); i++) {
        float[] values = new float[(int) variables.get(i).spec().shape().size()];
        ((TFloat32) result.get(i)).asRawTensor().data().asFloats().read(values);
        digests.put(variables.get(i).spec().checkpointKey(), Arrays.hashCode(values));
      }
    }
    return digests;
  }

  private static Batch noise(Ops tf) {
    Operand<TFloat32> images =
        tf.random.statelessRandomUniform(tf.array(IMAGES, 16, 16, 6), tf.array(7L, 7L));
    return new Batch(images, tf.constant(new long[] {0, 1, 2, 3, 4, 5, 6, 7}));
  }

  private static RunConfig flags(Map<String, String> changes) {
    Map<String, String> flags =
        new HashMap<>(
            Map.of(
                "resnet_depth", "18",
                "image_size", "16",
                "train_batch_size", "8",
                "warmup_epochs", "0",
                "learning_rate", "0.3",
                "temperature", "0.5",
                "use_blur", "false"));
    flags.putAll(changes);
    return RunConfig.of(flags);
  }
}
