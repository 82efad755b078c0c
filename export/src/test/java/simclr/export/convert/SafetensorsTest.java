package simclr.export.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.convert.Safetensors.Declared;
import simclr.export.convert.Safetensors.ElementType;

final class SafetensorsTest {
  private static final float[] VALUES = {1, -2, 3.5f, 4, 5, 6};

  @TempDir Path temp;
  private Path file;

  @BeforeEach
  void aSmallFile() {
    file = temp.resolve("small.safetensors");
    Safetensors.write(
        file,
        ImmutableMap.of("format", "pt"),
        List.of(
            new Declared("b", ElementType.F32, ImmutableList.of(2L, 3L)),
            new Declared("a", ElementType.I64, ImmutableList.of())),
        tensor -> tensor.name().equals("b") ? floats() : ByteBuffer.allocate(Long.BYTES));
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    Safetensors read = Safetensors.open(file);
    assertThat(read.floats("b")).containsExactly(VALUES);
    assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
    assertThat(read.places().get("a"))
        .isEqualTo(new Safetensors.Place(ElementType.I64, ImmutableList.of(), 0, 8));
    assertThat(read.places().get("b"))
        .isEqualTo(new Safetensors.Place(ElementType.F32, ImmutableList.of(2L, 3L), 8, 32));
  }

  @Test
  void theHeaderIsPaddedWithSpacesSoThatDataAreAligned() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(length % 8).isZero();
    assertThat(new String(bytes, 8, (int) length, StandardCharsets.UTF_8))
        .startsWith("{\"__metadata__\":{\"format\":\"pt\"},\"a\":")
        .matches("(?s).*} *");
  }

  @Test
  void everyTornFileIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      refused("expected a whole safetensors file");
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    refused("its tensors take 32 bytes of 33");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\"}}",
        "[]",
        "{"
      })
  void everyUnsoundHeaderIsRefused(String header) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, bytes.putLong(json.length).put(json).array());
    refused("expected a whole safetensors file");
  }

  private void refused(String part) {
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(() -> Safetensors.open(file))
        .withMessageContaining(part)
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA));
  }

  private static ByteBuffer floats() {
    ByteBuffer bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : VALUES) {
      bytes.putFloat(value);
    }
    return bytes.flip();
  }
}
