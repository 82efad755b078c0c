package simclr.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import simclr.config.RunConfig;
import simclr.data.Encoding;
import simclr.data.Records;
import simclr.data.Split;
import simclr.data.Synthetic;

final class RepresentationsTest {
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
  private static final Split SPLIT = Synthetic.of(CONFIG.dataset()).open("test");

  @Test
  void rowsComeInOrderWhateverTheBatch() {
    Representations whole = encode(CONFIG, 3);
    Representations ragged = encode(CONFIG.with(Map.of("eval_batch_size", "5")), 3);

    assertThat(whole.labels()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1);
    assertThat(ragged.labels()).isEqualTo(whole.labels());
    for (int i = 0; i < 12; i++) {
      assertThat(whole.rows().get(i)).hasSize(512);
      assertThat(ragged.rows().get(i)).containsExactly(whole.rows().get(i), within(1e-4f));
    }
  }

  @Test
  void anotherSeedIsAnotherEncoder() {
    assertThat(encode(CONFIG, 4).rows().get(0)).isNotEqualTo(encode(CONFIG, 3).rows().get(0));
  }

  @Test
  void pixelsAreRowsInUnitRange() {
    Representations pixels = Representations.pixels(SPLIT);

    byte[] image = ((Records.InMemory) SPLIT.records()).images().get(2);
    assertThat(pixels.rows()).hasSize(12);
    assertThat(pixels.rows().get(2)).hasSize(16 * 16 * 3);
    assertThat(pixels.rows().get(2)[7]).isEqualTo(Byte.toUnsignedInt(image[7]) / 255f);
    assertThat(pixels.classes()).startsWith(0, 1, 2);
  }

  @Test
  void pixelsOfEncodedImagesAreRefused() {
    Split png =
        new Split(
            "train",
            1,
            ImmutableList.of(),
            new Records.InMemory(
                List.of(new byte[9]), ImmutableLongArray.of(-1), new Encoding.Compressed()));

    assertThatThrownBy(() -> Representations.pixels(png))
        .hasMessage("split train must hold pixels");
  }

  private static Representations encode(RunConfig config, long seed) {
    return Representations.of(config, SPLIT, Optional.empty(), seed);
  }
}
