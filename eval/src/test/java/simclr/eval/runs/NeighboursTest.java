package simclr.eval.runs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import simclr.config.RunConfig;
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

    List<List<byte[]>> pairs =
        AugmentedPairs.first(config, Synthetic.of(config.dataset()).open("train"), 3);

    assertThat(pairs).hasSize(3).allSatisfy(pair -> assertThat(pair).hasSize(2));
    assertThat(pairs.get(0).get(0)).hasSize(16 * 16 * 3).isNotEqualTo(pairs.get(0).get(1));
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
