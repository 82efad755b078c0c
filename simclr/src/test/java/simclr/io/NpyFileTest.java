package simclr.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static simclr.data.UserErrors.assertFails;

import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

final class NpyFileTest {
  private static final int HEADER_BYTES = 128;

  @TempDir Path dir;

  @ParameterizedTest
  @EnumSource(NpyDtype.class)
  void aFileOfAnyShapeComesBackAsWritten(NpyDtype dtype) throws IOException {
    Random random = new Random(dtype.name().hashCode());
    for (int round = 0; round < 40; round++) {
      long[] shape = random.longs(1 + random.nextInt(4), 1, 6).toArray();
      int columns = (int) Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
      byte[] data = new byte[(int) shape[0] * columns * dtype.bytes()];
      double[] values = fill(dtype, data, random);

      NpyFile file = NpyFile.open("--f", write(dtype, data, shape));

      assertThat(file.shape()).isEqualTo(ImmutableLongArray.copyOf(shape));
      assertThat(file.dtype()).isEqualTo(dtype);
      assertThat(file.columns()).isEqualTo(columns);
      for (int row = 0; row < shape[0]; row++) {
        assertThat(row(file, row))
            .as("round %s, shape %s, row %s", round, file.shape(), row)
            .containsExactly(Arrays.copyOfRange(values, row * columns, (row + 1) * columns));
      }
    }
  }

  /** Fills the bytes with numbers that are exact in the format, and returns them. */
  private static double[] fill(NpyDtype dtype, byte[] data, Random random) {
    ByteBuffer bytes = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[data.length / dtype.bytes()];
    for (int i = 0; i < values.length; i++) {
      int number = random.nextInt(256);
      float real = (number - 128) / 8f;
      switch (dtype) {
        case FLOAT16 -> bytes.putShort(half(real));
        case FLOAT32 -> bytes.putFloat(real);
        case FLOAT64 -> bytes.putDouble(real);
        case BFLOAT16 -> bytes.putShort((short) (Float.floatToRawIntBits(real) >>> 16));
        case BOOL, UINT8 -> bytes.put((byte) number);
        case INT32 -> bytes.putInt(number - 128);
        case INT64 -> bytes.putLong((number - 128L) << 40);
      }
      values[i] =
          switch (dtype) {
            case BOOL, UINT8 -> number;
            case INT32 -> number - 128;
            case INT64 -> (number - 128L) << 40;
            default -> real;
          };
    }
    return values;
  }

  private static double[] row(NpyFile file, int row) {
    double[] values = new double[file.columns()];
    float[] reals = new float[file.columns()];
    if (file.dtype().isReal()) {
      file.copyRow(row, reals, 0);
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = file.dtype().isReal() ? reals[i] : file.whole(row, i);
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT32, 3.14159274, 3.14159274",
    "FLOAT64, 3.14159274, 3.14159274",
    "BFLOAT16, 3.14159274, 3.140625",
    "BFLOAT16, 1.00390625, 1", // halfway: to the even
    "BFLOAT16, 1.01171875, 1.015625",
    "BFLOAT16, NaN, NaN",
    "BFLOAT16, Infinity, Infinity",
    "BFLOAT16, 3.4028235e38, Infinity"
  })
  void aNumberIsRoundedToTheNearestOfItsFormat(NpyDtype dtype, float value, float read)
      throws IOException {
    NpyFile file = NpyFile.open("--f", write(dtype, dtype.encode(value).array(), 1, 1));
    assertThat(row(file, 0)).containsExactly(read);
  }

  @Test
  void halfPrecisionHasItsSmallAndItsLargeNumbers() {
    assertThat(NpyDtype.fromHalf((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(NpyDtype.fromHalf((short) 0x83ff)).isEqualTo(-1023 * 0x1p-24f);
    assertThat(NpyDtype.fromHalf((short) 0x7bff)).isEqualTo(65504f);
    assertThat(NpyDtype.fromHalf((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(NpyDtype.fromHalf((short) 0x7e00)).isNaN();
  }

  @Test
  void writtenHeadersAreThoseOfNumpy() throws IOException {
    Path matrix = dir.resolve("m.npy");
    try (NpyWriter writer = NpyWriter.floats(matrix, 1, 2)) {
      writer.row(new float[] {1, -2});
      writer.commit();
    }
    assertThat(Files.readString(matrix, StandardCharsets.ISO_8859_1))
        .isEqualTo(
            "\u0093NUMPY\1\0\166\0{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
                + " ".repeat(58)
                + "\n\0\0\u0080?\0\0\0\u00c0");
    Path vector = dir.resolve("v.npy");
    try (NpyWriter writer = NpyWriter.longs(vector, 1)) {
      writer.row(-1);
      writer.commit();
    }
    assertThat(Files.readString(vector, StandardCharsets.ISO_8859_1))
        .hasSize(HEADER_BYTES + 8)
        .contains("'<i8', 'fortran_order': False, 'shape': (1,), }");
    assertThat(NpyFile.open("--f", vector).whole(0, 0)).isEqualTo(-1);
  }

  @Test
  void rowsAreResumedBehindThoseThatWereSynced() throws IOException {
    Path path = dir.resolve("r.npy");
    try (ResumableNpyWriter writer = ResumableNpyWriter.matrix(path, NpyDtype.FLOAT32, 3, 2, 0)) {
      writer.append(NpyDtype.FLOAT32.encode(1, 2, 3, 4));
      writer.sync();
    }
    assertThat(path).doesNotExist();
    try (ResumableNpyWriter writer = ResumableNpyWriter.matrix(path, NpyDtype.FLOAT32, 3, 2, 1)) {
      writer.append(NpyDtype.FLOAT32.encode(5, 6));
      assertThatThrownBy(writer::commit).isInstanceOf(IllegalStateException.class);
      writer.append(NpyDtype.FLOAT32.encode(7, 8));
      writer.commit();
    }
    NpyFile file = NpyFile.open("--f", path);
    assertThat(row(file, 0)).containsExactly(1, 2);
    assertThat(row(file, 1)).containsExactly(5, 6);
    assertThat(row(file, 2)).containsExactly(7, 8);
    Files.createFile(ResumableNpyWriter.aside(path));
    assertFails(
            ExitCode.DATA, () -> ResumableNpyWriter.matrix(path, NpyDtype.FLOAT32, 3, 2, 1).close())
        .endsWith(
            "r.npy.part has 0 bytes, expected 136 by progress.json beside it; remove both to"
                + " start anew");
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    Path file = write(NpyDtype.FLOAT32, new byte[16], 2, 2);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertFails(ExitCode.DATA, () -> NpyFile.open("--f", file)).startsWith(file.toString());
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertFails(ExitCode.DATA, () -> NpyFile.open("--f", file)).contains("expected 144");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "'descr': '>f4', 'fortran_order': False, 'shape': (1, 1) => holds numbers of type >f4",
        "'descr': '<f4', 'fortran_order': True, 'shape': (1, 1) => is stored by columns",
        "'descr': '<f4', 'fortran_order': False, 'shape': () => holds a single number",
        "'descr': '<f4', 'fortran_order': False, 'shape': (0, 3) => holds no number",
        "'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3) => has shape (-1, 3)",
        "'descr': '<f4', 'fortran_order': False, 'shape': (x, 3) => has shape (x, 3)",
        "'descr': '<f4', 'shape': (1, 1) => has a header without",
        "'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4)"
            + " => has a shape of more bytes",
      })
  void headersThatCannotBeReadAreNamed(String fields, String message) throws IOException {
    byte[] header = ("{" + fields + ", }\n").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer bytes = ByteBuffer.allocate(10 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    bytes.putShort((short) header.length).put(header);
    Path file = Files.write(dir.resolve("odd.npy"), bytes.array());
    assertThatThrownBy(() -> NpyFile.open("--f", file))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(file + " " + message);
  }

  @Test
  void aMissingFileIsNoInput() {
    assertFails(ExitCode.NO_INPUT, () -> NpyFile.open("--f", dir.resolve("none.npy")))
        .startsWith("--f is " + dir.resolve("none.npy"));
  }

  private Path write(NpyDtype dtype, byte[] data, long... shape) throws IOException {
    byte[] header = NpyHeader.of(dtype, shape).toBytes();
    byte[] all = Arrays.copyOf(header, header.length + data.length);
    System.arraycopy(data, 0, all, header.length, data.length);
    return Files.write(dir.resolve("a.npy"), all);
  }

  /** Of numbers that are exact in it. */
  private static short half(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (value == 0) {
      return 0;
    }
    int sign = (bits >>> 16) & 0x8000;
    int exponent = ((bits >>> 23) & 0xff) - 112;
    return (short) (sign | (exponent << 10) | ((bits >>> 13) & 0x3ff));
  }
}
