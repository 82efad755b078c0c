package simclr.io;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.TfdsWriter;

final class TfRecordFileTest {
  private final Path dir;

  TfRecordFileTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void recordsOfAnySizeComeBackAsWritten() {
    long seed = 20240607;
    Random random = new Random(seed);
    for (int round = 0; round < 50; round++) {
      List<byte[]> written = new ArrayList<>();
      for (int record = random.nextInt(6); record > 0; record--) {
        byte[] data = new byte[random.nextInt(2) == 0 ? random.nextInt(3) : random.nextInt(5000)];
        random.nextBytes(data);
        written.add(data);
      }
      Path file = file(TfdsWriter.records(written));
      assertThat(read(file))
          .as("seed %s, round %s", seed, round)
          .containsExactlyElementsOf(written);
      assertThat(TfRecordFile.count(file)).isEqualTo(written.size());
    }
  }

  @Test
  void everyTruncationIsNamedByRecordAndOffset() {
    byte[] whole = TfdsWriter.records(List.of(new byte[] {1, 2, 3}, new byte[] {4, 5}));
    int second = 3 + 16;
    for (int length = 1; length < whole.length; length++) {
      if (length == second) {
        continue; // A whole file of one record: the count in dataset_info.json catches it.
      }
      Path file = file(Arrays.copyOf(whole, length));
      String where = length < second ? "record 0 at offset 0" : "record 1 at offset 19";
      assertFails(ExitCode.DATA, () -> read(file)).contains("t.tfrecord is truncated in " + where);
      assertFails(ExitCode.DATA, () -> TfRecordFile.count(file)).contains("truncated in " + where);
    }
  }

  @Test
  void everyFlippedBitIsFound() {
    byte[] whole = TfdsWriter.records(List.of(new byte[] {1, 2, 3}, new byte[] {4, 5}));
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] broken = whole.clone();
      broken[bit / 8] ^= (byte) (1 << bit % 8);
      Path file = file(broken);
      String where = bit / 8 < 19 ? "record 0 at offset 0" : "record 1 at offset 19";
      assertFails(ExitCode.DATA, () -> read(file))
          .contains("t.tfrecord is corrupt in " + where)
          .contains("checksum");
    }
  }

  @Test
  void aLengthBeyondTheFileIsTruncationEvenIfItIsHuge() {
    byte[] whole = TfdsWriter.records(List.of(new byte[40]));
    assertFails(ExitCode.DATA, () -> read(file(Arrays.copyOf(whole, 30))))
        .contains("14 of its 40 bytes are there");
  }

  @Test
  void aMissingFileIsNoInput() {
    assertFails(ExitCode.NO_INPUT, () -> read(dir.resolve("absent")))
        .contains("absent is missing, expected a TFRecord file");
    assertFails(ExitCode.NO_INPUT, () -> TfRecordFile.count(dir.resolve("absent")));
  }

  private Path file(byte[] bytes) {
    Path file = dir.resolve("t.tfrecord");
    TfdsWriter.write(file, bytes);
    return file;
  }

  private static List<byte[]> read(Path path) throws UserException {
    List<byte[]> records = new ArrayList<>();
    try (TfRecordFile file = TfRecordFile.open(path)) {
      for (byte[] data = file.next(); data != null; data = file.next()) {
        records.add(data);
      }
    }
    return records;
  }
}
