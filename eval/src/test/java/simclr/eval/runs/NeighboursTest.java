package simclr.eval.runs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.data.pipeline.InputPipeline;
import simclr.data.records.Split;
import simclr.data.source.Synthetic;

final class NeighboursTest {

  @Test
  void augmentedPairsAreTheFirstBatchOfTraining() {
    RunConfig config =
        RunConfig.of(
            Map.of(
                "dataset", "synthetic:train=12,test=12,size=16",
                "image_size", "16",
                "train_batch_size", "4",
                "use_blur", "false",
                "seed", "3"));

    Split train = Synthetic.of(config.dataset()).open("train");

    List<List<byte[]>> pairs = AugmentedPairs.first(config, train, 3);

    assertThat(pairs).hasSize(3).allSatisfy(pair -> assertThat(pair).hasSize(2));
    assertThat(pairs.get(0).get(0)).hasSize(16 * 16 * 3).isNotEqualTo(pairs.get(0).get(1));
    try (Graph graph = new Graph();
        InputPipeline input = InputPipeline.training(train, config, 3)) {
      Batch batch = input.build(Ops.create(graph));
      try (Session session = new Session(graph)) {
        input.start(session, 0);
        try (Result result = session.runner().fetch(batch.images()).run()) {
          TFloat32 images = (TFloat32) result.get(0);
          for (int i = 0; i < 3; i++) {
            for (int view = 0; view < 2; view++) {
              byte[] drawn = pairs.get(i).get(view);
              for (int p = 0; p < drawn.length; p++) {
                float value = images.getFloat(i, p / 3 / 16, p / 3 % 16, 3 * view + p % 3);
                assertThat(Byte.toUnsignedInt(drawn[p])).isEqualTo(Math.round(255 * value));
              }
            }
          }
        }
      }
    }
  }

  @Test
  void nearestNeighboursAreThoseOfTheSmallestAngle() {
    float[][] rows = {
      {3, 1}, {2.8f, 1.2f}, {-1, 1}, {-0.8f, 0.8f}, {1, 2}, {1, 0}
    }; // around (1, 1)

    assertThat(Neighbours.of(rows).nearest(0, 5).asList()).startsWith(1).endsWith(2);
    assertThat(Neighbours.of(rows).nearest(3, 1).asList()).containsExactly(2);
  }
}
