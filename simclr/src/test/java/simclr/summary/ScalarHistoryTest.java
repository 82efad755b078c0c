package simclr.summary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;

final class ScalarHistoryTest {
  @TempDir Path dir;

  @Test
  void laterFilesOverwriteStepsOfEarlierOnes() throws IOException {
    write("1", Map.of(10L, 1f, 20L, 2f));
    write("2", Map.of(20L, 2.5f, 30L, 3f));

    ScalarHistory history = ScalarHistory.of(dir);

    assertThat(history.curve(Tag.CONTRAST_LOSS))
        .containsExactly(at(10, 1), at(20, 2.5f), at(30, 3));
    assertThat(history.curve(Tag.CONTRAST_ACC)).isEmpty();
  }

  @Test
  void everyTruncationKeepsTheWholeRecords() throws IOException {
    Path file = write("1", Map.of(10L, 1f, 20L, 2f));
    byte[] whole = Files.readAllBytes(file);

    for (int length = 0; length <= whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      int expected = length < firstRecordsEnd(whole, 2) ? 0 : length < whole.length ? 1 : 2;
      assertThat(ScalarHistory.of(dir).curve(Tag.CONTRAST_LOSS)).as("%s", length).hasSize(expected);
    }
  }

  @Test
  void aFlippedByteEndsTheFile() throws IOException {
    Path file = write("1", Map.of(10L, 1f));
    byte[] bytes = Files.readAllBytes(file);
    for (int i = firstRecordsEnd(bytes, 1); i < bytes.length; i++) {
      byte[] flipped = bytes.clone();
      flipped[i] ^= 0x40;
      Files.write(file, flipped);
      assertThat(ScalarHistory.of(dir).curve(Tag.CONTRAST_LOSS)).as("byte %s", i).isEmpty();
    }
  }

  @Test
  void missingDirectoryIsNamed() {
    Path missing = dir.resolve("none");
    assertThatThrownBy(() -> ScalarHistory.of(missing))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(missing + " cannot be read");
  }

  private static Map.Entry<Long, Float> at(long step, float value) {
    return Map.entry(step, value);
  }

  /** Writes values in the order of their steps and names the file so that names sort. */
  private Path write(String name, Map<Long, Float> values) throws IOException {
    EventWriter writer = EventWriter.in(dir);
    try (writer) {
      new TreeMap<>(values).forEach((step, value) -> writer.scalar(step, Tag.CONTRAST_LOSS, value));
    }
    return Files.move(writer.file(), dir.resolve("events.out.tfevents." + name));
  }

  private static int firstRecordsEnd(byte[] file, int records) {
    int end = 0;
    for (int i = 0; i < records; i++) {
      end += 12 + Byte.toUnsignedInt(file[end]) + 4;
    }
    return end;
  }
}
