package simclr.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;

final class SyntheticTest {

  @Test
  void imagesAreTheSameBytesOnEveryMachine() {
    Hasher hasher = Hashing.sha256().newHasher();
    records(new Synthetic(100, 1, 32, 0), "train").images().forEach(hasher::putBytes);

    assertThat(hasher.hash().toString())
        .isEqualTo("5acdf51b9a6490ab2c414d70d9e2933390136e0e92c912134031e578647ab985");
  }

  @Test
  void classesTakeTurns() {
    Split split = new Synthetic(40, 20, 32, 0).open("train");

    assertThat(split.examples()).isEqualTo(40);
    assertThat(split.labelNames()).hasSize(10).contains("stripes", "blobs");
    assertThat(((Records.InMemory) split.records()).labels().asList())
        .startsWith(0L, 1L, 2L)
        .endsWith(8L, 9L);
  }

  @Test
  void noImageIsInBothSplitsOrUnderTwoSeeds() {
    Set<Integer> seen = new HashSet<>();
    int images = 0;
    for (int seed : new int[] {0, 1}) {
      for (String split : new String[] {"train", "test"}) {
        for (byte[] image : records(new Synthetic(500, 500, 16, seed), split).images()) {
          seen.add(Arrays.hashCode(image));
          images++;
        }
      }
    }
    assertThat(seen).hasSize(images);
  }

  @Test
  void slicesAndLargerSplitsHoldTheSameImagesAtTheSamePlaces() {
    List<byte[]> whole = records(new Synthetic(200, 1, 32, 0), "train").images();
    Records.InMemory slice = records(new Synthetic(400, 1, 32, 0), "train[25:35]");

    assertThat(slice.images()).hasSize(10);
    for (int i = 0; i < 10; i++) {
      assertThat(slice.images().get(i)).isEqualTo(whole.get(25 + i));
      assertThat(slice.labels().get(i)).isEqualTo((25 + i) % 10);
    }
  }

  @Test
  void settingsAreReadFromTheName() {
    assertThat(Synthetic.of("synthetic")).isEqualTo(Synthetic.STANDARD);
    assertThat(Synthetic.of("synthetic:size=48,train=100"))
        .isEqualTo(new Synthetic(100, 1000, 48, 0));
    Records.InMemory records = records(Synthetic.of("synthetic:test=3,size=17,seed=5"), "test");
    assertThat(records.encoding()).isEqualTo(new Encoding.Raw(17, 17, false));
    assertThat(records.images().get(2)).hasSize(17 * 17 * 3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "synthetic:",
        "synthetic:pixels=3",
        "synthetic:size",
        "synthetic:size=large",
        "synthetic:size=32,size=48",
        "synthetic:size=32,"
      })
  void otherSettingsAreRefused(String dataset) {
    assertThatThrownBy(() -> Synthetic.of(dataset))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "--dataset is \"%s\", expected synthetic or synthetic:train=N,test=N,size=N,seed=N",
            dataset)
        .extracting(error -> ((UserException) error).exitCode())
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    assertThatThrownBy(() -> Synthetic.of("synthetic:size=8"))
        .isInstanceOf(UserException.class)
        .hasMessage("size of --dataset=synthetic is 8, expected 16 to 512");
    assertThatThrownBy(() -> Synthetic.of("synthetic:test=0"))
        .isInstanceOf(UserException.class)
        .hasMessage("test of --dataset=synthetic is 0, expected 1 to 1000000");
  }

  private static Records.InMemory records(Synthetic synthetic, String split) {
    return (Records.InMemory) synthetic.open(split).records();
  }
}
