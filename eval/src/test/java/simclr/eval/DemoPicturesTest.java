package simclr.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import simclr.config.RunConfig;
import simclr.data.Synthetic;
import simclr.eval.runs.AugmentedPairs;

/** What the demo's report shows. */
final class DemoPicturesTest {
  private static final RunConfig CONFIG =
      RunConfig.of(
          Map.of(
              "dataset", "synthetic:train=12,test=12,size=16",
              "image_size", "16",
              "resnet_depth", "18",
              "train_batch_size", "4",
              "eval_batch_size", "12",
              "use_blur", "false",
              "seed", "3"));

  @Test
  void augmentedPairsAreTheFirstBatchOfTraining() {
    List<List<byte[]>> pairs =
        AugmentedPairs.first(CONFIG, Synthetic.of(CONFIG.dataset()).open("train"), 3);

    assertThat(pairs).hasSize(3).allSatisfy(pair -> assertThat(pair).hasSize(2));
    assertThat(pairs.get(0).get(0)).hasSize(16 * 16 * 3).isNotEqualTo(pairs.get(0).get(1));
  }
}
