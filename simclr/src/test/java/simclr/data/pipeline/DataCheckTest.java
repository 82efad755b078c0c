package simclr.data.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.records.BrokenExample;
import simclr.data.source.DataSource;
import simclr.data.source.Examined;

/** Everything that is broken is found, wherever it lies. */
final class DataCheckTest {
  private static final byte[] IMAGE = TestImages.png(6, 4);

  @TempDir Path dir;

  @Test
  void everyFileWhosePixelsAreBrokenIsFound() {
    for (int i = 0; i < 150; i++) {
      TfdsWriter.write(
          dir.resolve(String.format(Locale.ROOT, "%03d.png", i)), i % 50 == 7 ? broken() : IMAGE);
    }
    Examined examined = examine("folder:" + dir);
    assertThat(examined.broken()).isEmpty();
    List<Long> progress = new ArrayList<>();
    ImmutableList<BrokenExample> found =
        DataCheck.broken(examined.usable().orElseThrow(), () -> false, progress::add);
    assertThat(found)
        .extracting(BrokenExample::name)
        .containsExactlyInAnyOrder(
            dir.resolve("007.png").toString(),
            dir.resolve("057.png").toString(),
            dir.resolve("107.png").toString());
    assertThat(found).allSatisfy(each -> assertThat(each.reason()).startsWith("cannot be decoded"));
    assertThat(progress).isSorted().endsWith(147L);
  }

  @Test
  void everyBrokenRecordIsFoundWhateverIsWrongWithIt() throws IOException {
    TfdsWriter writer = new TfdsWriter(dir);
    byte[] good = TfdsWriter.example(IMAGE, 0);
    writer.split(
        "train",
        good,
        TfdsWriter.example(broken(), 0),
        TfdsWriter.example(new byte[] {1, 2, 3, 4}, 0),
        TfdsWriter.example(IMAGE, 9),
        good,
        good);
    Path file = writer.shard("train", 0, 1);
    byte[] bytes = Files.readAllBytes(file);
    // The last byte of the fifth record's data.
    bytes[bytes.length - good.length - 16 - 5] ^= 1;
    TfdsWriter.write(file, bytes);
    Examined examined = examine("toy");
    assertThat(examined.examples()).isEqualTo(6);
    assertThat(examined.broken())
        .extracting(BrokenExample::name)
        .containsExactly(file + ": record 2", file + ": record 3", file + ": record 4");
    assertThat(examined.broken().get(0).reason()).startsWith("has an image that is not a PNG");
    assertThat(examined.broken().get(1).reason()).contains("9, expected 0 to 2");
    assertThat(examined.broken().get(2).reason()).contains("fail their checksum");
    assertThat(DataCheck.broken(examined.usable().orElseThrow(), () -> false, done -> {}))
        .extracting(BrokenExample::name)
        .containsExactly(file + ": record 1");
  }

  @Test
  void whatLiesBeforeATruncatedRecordIsStillChecked() throws IOException {
    TfdsWriter writer = new TfdsWriter(dir);
    byte[] good = TfdsWriter.example(IMAGE, 0);
    writer.split("train", TfdsWriter.example(broken(), 0), good, good);
    Path file = writer.shard("train", 0, 1);
    byte[] bytes = Files.readAllBytes(file);
    TfdsWriter.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    Examined examined = examine("toy");
    assertThat(examined.broken())
        .extracting(BrokenExample::name)
        .containsExactly(file + ": record 2");
    assertThat(DataCheck.broken(examined.usable().orElseThrow(), () -> false, done -> {}))
        .extracting(BrokenExample::name)
        .containsExactly(file + ": record 0");
  }

  @Test
  void computedImagesAreNeverBroken() {
    Examined examined = examine("synthetic:train=20,test=10");
    assertThat(examined.examples()).isEqualTo(30);
    assertThat(DataCheck.broken(examined.usable().orElseThrow(), () -> false, done -> {}))
        .isEmpty();
  }

  @Test
  void aCheckEndsWhenItIsToStop() {
    Examined examined = examine("synthetic:train=20,test=10");
    assertThatThrownBy(
            () -> DataCheck.broken(examined.usable().orElseThrow(), () -> true, done -> {}))
        .isInstanceOf(CancellationException.class);
  }

  private Examined examine(String dataset) {
    return DataSource.of(RunConfig.of(Map.of("dataset", dataset, "data_dir", dir.toString())))
        .examine("all");
  }

  /** The head is in order, the pixels are not. */
  private static byte[] broken() {
    byte[] broken = IMAGE.clone();
    broken[45] ^= 1;
    return broken;
  }
}
