package simclr.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.data.TfdsWriter;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;

final class Cifar10BinaryTest {
  private static final int RECORD = 3073;

  private final Path dir;

  Cifar10BinaryTest(@TempDir Path dir) {
    this.dir = dir;
    names("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
    for (int batch = 1; batch <= 5; batch++) {
      write("data_batch_" + batch + ".bin", batch, batch - 1);
    }
    write("test_batch.bin", 9, 0, 1);
  }

  @Test
  void batchesFollowEachOtherAndPlanesStayAsTheyAre() {
    Split train = open("train");
    Records.InMemory records = (Records.InMemory) train.records();
    assertThat(records.labels().asList()).containsExactly(1L, 0L, 2L, 1L, 3L, 2L, 4L, 3L, 5L, 4L);
    assertThat(records.encoding()).isEqualTo(new Encoding.Raw(32, 32, true));
    assertThat(records.images().get(2)).hasSize(3072).startsWith(2, 0).endsWith(2, 0);
    assertThat(train.labelNames().get(2)).isEqualTo("bird");
    assertThat(open("test").examples()).isEqualTo(3);
    assertThat(train.summary()).contains("split train: 10 examples, 10 classes, 32 x 32 px");
  }

  @Test
  void slicesReachAcrossFiles() {
    Split split = open("train[1:4]+test[-1:]");
    assertThat(((Records.InMemory) split.records()).labels().asList())
        .containsExactly(0L, 2L, 1L, 1L);
  }

  @Test
  void theFolderOfTheArchiveIsFound() {
    Path outer = dir.resolve("outer");
    Path inner = outer.resolve("cifar-10-batches-bin");
    TfdsWriter.write(
        inner.resolve("batches.meta.txt"),
        "a\nb\nc\nd\ne\nf\ng\nh\ni\nj".getBytes(StandardCharsets.UTF_8));
    TfdsWriter.write(inner.resolve("test_batch.bin"), new byte[RECORD]);
    assertThat(Cifar10Binary.in(outer).open("test").examples()).isEqualTo(1);
    // Without any training file there is no such split.
    assertFails(ExitCode.USAGE, () -> Cifar10Binary.in(outer).open("train"))
        .contains("\"train\" is unknown, expected one of test");
  }

  @Test
  void aFileThatEndsWithinARecordIsData() {
    for (int size : new int[] {1, RECORD - 1, RECORD + 1, 2 * RECORD - 1}) {
      TfdsWriter.write(dir.resolve("data_batch_3.bin"), new byte[size]);
      assertFails(ExitCode.DATA, () -> open("train"))
          .contains(
              "data_batch_3.bin has " + size + " bytes and ends within record " + size / RECORD);
    }
  }

  @Test
  void aLabelAboveNineIsDataAndNamed() {
    write("data_batch_4.bin", 3, 10);
    assertFails(ExitCode.DATA, () -> open("train"))
        .contains("data_batch_4.bin: record 1 has label 10, expected 0 to 9");
    write("data_batch_4.bin", 255);
    assertFails(ExitCode.DATA, () -> open("train")).contains("record 0 has label 255");
  }

  @Test
  void aMissingFileIsNoInput() throws Exception {
    Files.delete(dir.resolve("data_batch_2.bin"));
    assertFails(ExitCode.NO_INPUT, () -> open("train")).contains("data_batch_2.bin is missing");
    assertFails(ExitCode.NO_INPUT, () -> Cifar10Binary.in(dir.resolve("absent")))
        .contains("batches.meta.txt is missing");
  }

  @Test
  void namesOtherThanTenAreData() {
    names("one\ntwo\n");
    assertFails(ExitCode.DATA, () -> open("test")).contains("has 2 names, expected 10");
  }

  private Split open(String split) {
    return DataSource.of(RunConfig.of(Map.of("dataset", "cifar10_binary:" + dir))).open(split);
  }

  private void names(String text) {
    TfdsWriter.write(dir.resolve("batches.meta.txt"), text.getBytes(StandardCharsets.UTF_8));
  }

  /** One record for each label; its first and its last but one pixel byte repeat the label. */
  private void write(String name, int... labels) {
    byte[] file = new byte[labels.length * RECORD];
    for (int i = 0; i < labels.length; i++) {
      byte[] record = new byte[RECORD];
      Arrays.fill(record, 0, 2, (byte) labels[i]);
      record[RECORD - 2] = (byte) labels[i];
      System.arraycopy(record, 0, file, i * RECORD, RECORD);
    }
    TfdsWriter.write(dir.resolve(name), file);
  }
}
