package simclr.export.convert;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;
import simclr.export.convert.Safetensors.Declared;
import simclr.export.convert.Safetensors.ElementType;
import simclr.tools.mutants.Bytes;
import simclr.tools.mutants.Mutants;
import simclr.tools.mutants.Texts;

/** A file of two tensors; half of the mutants keep the length of their header right. */
final class SafetensorsMutantsTest {
  @TempDir Path dir;

  @Test
  void safetensors() throws Exception {
    Path file = dir.resolve("whole.safetensors");
    Safetensors.write(
        file,
        ImmutableMap.of("format", "pt"),
        List.of(
            new Declared("weight", ElementType.F32, ImmutableList.of(2L, 3L)),
            new Declared("count", ElementType.I64, ImmutableList.of())),
        tensor -> ByteBuffer.allocate(Math.toIntExact(tensor.bytes())));
    Path broken = dir.resolve("broken.safetensors");
    Mutants.of("safetensors", Files.readAllBytes(file))
        .check(
            SafetensorsMutantsTest::mutate,
            bytes -> {
              Files.write(broken, bytes);
              Safetensors read = Safetensors.open(broken);
              read.places().entrySet().stream()
                  .filter(place -> place.getValue().type() == ElementType.F32)
                  .forEach(place -> read.floats(place.getKey()));
              return List.of(read.metadata(), read.places());
            });
  }

  @Test
  void shapeWhoseProductOverflowsDoesNotFit() throws Exception {
    byte[] header =
        ("{\"weight\": {\"dtype\": \"F32\", \"shape\": [2147483647, 2147483647, 2147483647],"
                + " \"data_offsets\": [0, 4]}}")
            .getBytes(StandardCharsets.UTF_8);
    Path file = dir.resolve("large.safetensors");
    Files.write(
        file,
        ByteBuffer.allocate(Long.BYTES + header.length + Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .array());
    assertThatThrownBy(() -> Safetensors.open(file))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the shape of weight does not fit its bytes");
  }

  private static byte[] mutate(byte[] whole, SplittableRandom random) {
    if (random.nextBoolean()) {
      return Bytes.mutate(whole, random);
    }
    int length = Math.toIntExact(ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong());
    byte[] header = Texts.json(Arrays.copyOfRange(whole, Long.BYTES, Long.BYTES + length), random);
    return ByteBuffer.allocate(whole.length - length + header.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .put(whole, Long.BYTES + length, whole.length - Long.BYTES - length)
        .array();
  }
}
