package simclr.io;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import com.google.common.hash.Hashing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException.ExitCode;

final class TfRecordFileTest {
  private static final List<byte[]> TWO = List.of(new byte[] {1, 2, 3}, new byte[] {4, 5});
  private static final int SECOND = 3 + 16;

  private final Path dir;

  TfRecordFileTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void recordsOfAnySizeComeBackAsWritten() {
    Random random = new Random(20240607);
    for (int round = 0; round < 50; round++) {
      List<byte[]> written = new ArrayList<>();
      for (int record = random.nextInt(6); record > 0; record--) {
        byte[] data = new byte[random.nextInt(2) == 0 ? random.nextInt(3) : random.nextInt(5000)];
        random.nextBytes(data);
        written.add(data);
      }
      Path file = file(records(written));
      assertThat(read(file)).as("round %s", round).containsExactlyElementsOf(written);
      assertThat(TfRecordFile.count(file)).isEqualTo(written.size());
    }
  }

  /** The frame by another implementation of the checksum. */
  @Test
  void aRecordIsFramedAsTheFormatSays() {
    byte[] data = "a record".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer frame = ByteBuffer.allocate(data.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    frame.putLong(data.length).putInt(masked(Arrays.copyOf(frame.array(), 8)));
    frame.put(data).putInt(masked(data));
    assertThat(records(List.of(data))).isEqualTo(frame.array());
  }

  private static int masked(byte[] bytes) {
    return Integer.rotateRight(Hashing.crc32c().hashBytes(bytes).asInt(), 15) + 0xa282ead8;
  }

  @Test
  void everyTruncationIsNamedByRecordAndOffset() {
    byte[] whole = records(TWO);
    for (int length = 1; length < whole.length; length++) {
      if (length == SECOND) {
        continue; // A whole file of one record: the count in dataset_info.json catches it.
      }
      Path file = file(Arrays.copyOf(whole, length));
      String where = length < SECOND ? "record 0 at offset 0" : "record 1 at offset 19";
      assertFails(ExitCode.DATA, () -> read(file)).contains("t.tfrecord is truncated in " + where);
      assertFails(ExitCode.DATA, () -> TfRecordFile.count(file)).contains("truncated in " + where);
    }
  }

  @Test
  void whatPrecedesATruncatedEndCanBeRead() {
    byte[] whole = records(TWO);
    for (int length = 0; length < whole.length; length++) {
      try (TfRecordFile file = TfRecordFile.open(file(Arrays.copyOf(whole, length)))) {
        if (length >= SECOND) {
          assertThat(file.nextWhole()).as("%s bytes", length).containsExactly(1, 2, 3);
        }
        assertThat(file.nextWhole()).as("%s bytes", length).isNull();
      }
    }
  }

  @Test
  void everyFlippedBitIsFound() {
    byte[] whole = records(TWO);
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] broken = whole.clone();
      broken[bit / 8] ^= (byte) (1 << bit % 8);
      Path file = file(broken);
      String where = bit / 8 < SECOND ? "record 0 at offset 0" : "record 1 at offset 19";
      assertFails(ExitCode.DATA, () -> read(file))
          .contains("t.tfrecord is corrupt in " + where)
          .contains("checksum");
    }
  }

  @Test
  void aLengthBeyondTheFileIsTruncationEvenIfItIsHuge() {
    byte[] whole = records(List.of(new byte[40]));
    assertFails(ExitCode.DATA, () -> read(file(Arrays.copyOf(whole, 30))))
        .contains("14 of its 40 bytes are there");
    ByteBuffer huge = ByteBuffer.allocate(30).order(ByteOrder.LITTLE_ENDIAN);
    huge.putLong(Long.MAX_VALUE).putInt(masked(Arrays.copyOf(huge.array(), 8)));
    assertFails(ExitCode.DATA, () -> read(file(huge.array())))
        .contains("14 of its 9223372036854775807 bytes are there");
  }

  @Test
  void aMissingFileIsNoInput() {
    assertFails(ExitCode.NO_INPUT, () -> read(dir.resolve("absent")))
        .contains("absent is missing, expected a TFRecord file");
    assertFails(ExitCode.NO_INPUT, () -> TfRecordFile.count(dir.resolve("absent")));
  }

  private Path file(byte[] bytes) {
    try {
      return Files.write(dir.resolve("t.tfrecord"), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] records(List<byte[]> records) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      for (byte[] record : records) {
        TfRecordFile.append(out, record);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static List<byte[]> read(Path path) {
    List<byte[]> records = new ArrayList<>();
    try (TfRecordFile file = TfRecordFile.open(path)) {
      for (byte[] data = file.next(); data != null; data = file.next()) {
        records.add(data);
      }
    }
    return records;
  }
}
