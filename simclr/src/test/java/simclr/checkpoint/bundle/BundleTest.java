package simclr.checkpoint.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static simclr.checkpoint.bundle.TableBytes.floats;
import static simclr.checkpoint.bundle.TableBytes.header;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.BundleEntryProto;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.bundle.TableBytes.Block;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.MaskedCrc;

final class BundleTest {
  private static final int TENSORS = 40;
  private static final byte[] DATA = data();

  private final Path prefix;
  private final Path index;

  BundleTest(@TempDir Path dir) {
    prefix = dir.resolve("ckpt-7");
    index = dir.resolve("ckpt-7.index");
  }

  @Test
  void valuesOfSeveralDataFilesAreRead() throws IOException {
    writeTwoFiles();
    Bundle bundle = Bundle.open(prefix);
    bundle.verify();
    try (BundleTensors read = bundle.read(List.of("second", "first"))) {
      assertThat(((TFloat32) read.get(0)).getFloat(3)).isEqualTo(3);
      assertThat(((TFloat32) read.get(1)).getFloat(1)).isEqualTo(1);
    }
  }

  @Test
  void aMissingDataFileIsNamed() throws IOException {
    writeTwoFiles();
    Files.delete(prefix.resolveSibling("ckpt-7.data-00001-of-00002"));
    assertRefused("ckpt-7.data-00001-of-00002 is missing, expected it beside ckpt-7.index");
  }

  @Test
  void aDataFileThatIsTooShortIsNamedWithItsTensor() throws IOException {
    writeTwoFiles();
    Files.write(prefix.resolveSibling("ckpt-7.data-00001-of-00002"), Arrays.copyOf(DATA, 15));
    assertRefused(
        "ckpt-7.data-00001-of-00002 is cut at tensor second, which ends at byte 16 of 15;"
            + " expected a whole checkpoint");
  }

  @Test
  void anIndexOfManyMegabytesIsRefusedUnread() throws IOException {
    Files.write(index, new byte[(16 << 20) + 1]);
    assertRefused("ckpt-7.index is damaged (it has more than 16777216 bytes)");
  }

  /** Bits, lengths, cuts and insertions; half of them with checksums put right again. */
  @Test
  void threeHundredMutantsAreReadRightlyOrRefused() throws IOException {
    SplittableRandom random = new SplittableRandom(14);
    byte[] whole = index();
    Files.write(prefix.resolveSibling("ckpt-7.data-00000-of-00001"), DATA);
    Files.write(index, whole);
    Bundle expected = Bundle.open(prefix);
    expected.verify();
    int refused = 0;
    int read = 0;
    for (int mutant = 0; mutant < 300; mutant++) {
      boolean consistent = mutant % 2 == 0;
      Files.write(index, consistent ? consistent(random) : mutated(whole, random));
      try {
        Bundle bundle =
            Assertions.assertTimeout(Duration.ofSeconds(5), () -> Bundle.open(prefix), "" + mutant);
        if (!consistent) {
          assertThat(bundle.entries()).as("mutant %s", mutant).isEqualTo(expected.entries());
        }
        bundle.verify();
        read++;
      } catch (UserException e) {
        assertThat(e.exitCode()).as("mutant %s", mutant).isEqualTo(ExitCode.DATA);
        assertThat(e.getMessage()).contains("ckpt-7.").doesNotContain("\n").hasSizeLessThan(500);
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(200);
    assertThat(read + refused).isEqualTo(300);
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> Bundle.open(prefix))
        .hasMessageContaining(message)
        .extracting(e -> ((UserException) e).exitCode())
        .isEqualTo(ExitCode.DATA);
  }

  private void writeTwoFiles() throws IOException {
    byte[] block =
        new Block()
            .row("", header(2))
            .row("first", floats(2).setCrc32C(crc(0, 8)).build().toByteArray())
            .row("second", floats(4).setShardId(1).setCrc32C(crc(0, 16)).build().toByteArray())
            .bytes();
    Files.write(index, TableBytes.table(block));
    Files.write(prefix.resolveSibling("ckpt-7.data-00000-of-00002"), DATA);
    Files.write(prefix.resolveSibling("ckpt-7.data-00001-of-00002"), DATA);
  }

  private static byte[] index() {
    return TableBytes.table(block().bytes());
  }

  private static Block block() {
    Block block = new Block().row("", header(1));
    for (int i = 0; i < TENSORS; i++) {
      block.row(String.format(Locale.ROOT, "layer/%02d", i), entry(i).build().toByteArray());
    }
    return block;
  }

  private static BundleEntryProto.Builder entry(int number) {
    return floats(2, 2).setOffset(16L * number).setCrc32C(crc(16 * number, 16));
  }

  /** Bytes of one block are changed before its checksum is computed. */
  private static byte[] consistent(SplittableRandom random) {
    return TableBytes.table(mutated(block().bytes(), random));
  }

  private static byte[] mutated(byte[] whole, SplittableRandom random) {
    int at = random.nextInt(whole.length);
    switch (random.nextInt(5)) {
      case 0 -> {
        byte[] flipped = whole.clone();
        flipped[at] ^= (byte) (1 << random.nextInt(8));
        return flipped;
      }
      case 1 -> {
        return Arrays.copyOf(whole, at);
      }
      case 2 -> {
        byte[] longer = new byte[whole.length + 1 + random.nextInt(20)];
        System.arraycopy(whole, 0, longer, 0, at);
        System.arraycopy(whole, at, longer, longer.length - (whole.length - at), whole.length - at);
        return longer;
      }
      case 3 -> {
        byte[] huge = whole.clone();
        Arrays.fill(huge, at, Math.min(huge.length, at + 1 + random.nextInt(10)), (byte) 0xFF);
        return huge;
      }
      default -> {
        byte[] repeated = whole.clone();
        int length = Math.min(whole.length - at, 1 + random.nextInt(60));
        System.arraycopy(whole, random.nextInt(whole.length - length + 1), repeated, at, length);
        return repeated;
      }
    }
  }

  private static int crc(int from, int length) {
    return MaskedCrc.of(DATA, from, length);
  }

  private static byte[] data() {
    ByteBuffer bytes = ByteBuffer.allocate(16 * TENSORS).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      bytes.putFloat(bytes.position() / (float) Float.BYTES);
    }
    return bytes.array();
  }
}
