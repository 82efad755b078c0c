package simclr.eval.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.MultiLabels;
import simclr.io.NpyWriter;

final class NpyFileTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({"<f2,2", "<f4,4", "<f8,8", "<V2,2"})
  void rowsOfEveryRealTypeAreRead(String type, int bytes) throws IOException {
    Path file =
        write(
            type,
            "(2, 3)",
            6 * bytes,
            data -> {
              for (float value : new float[] {0, 1, -2, 0.5f, 96, -0.25f}) {
                switch (type) {
                  case "<f2" -> data.putShort(half(value));
                  case "<f4" -> data.putFloat(value);
                  case "<f8" -> data.putDouble(value);
                  default -> data.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                }
              }
            });

    FeatureMatrix matrix = NpyFile.open("--f", file).features();

    assertThat(matrix.rows()).isEqualTo(2);
    assertThat(row(matrix, 0)).containsExactly(0, 1, -2);
    assertThat(row(matrix, 1)).containsExactly(0.5f, 96, -0.25f);
  }

  @Test
  void halfPrecisionHasItsSmallAndItsLargeNumbers() {
    assertThat(NpyFile.fromHalf((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(NpyFile.fromHalf((short) 0x83ff)).isEqualTo(-1023 * 0x1p-24f);
    assertThat(NpyFile.fromHalf((short) 0x7bff)).isEqualTo(65504f);
    assertThat(NpyFile.fromHalf((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(NpyFile.fromHalf((short) 0x7e00)).isNaN();
  }

  @Test
  void labelsOfEveryWholeTypeAreRead() throws IOException {
    Path longs = write("<i8", "(3,)", 24, data -> data.putLong(4).putLong(0).putLong(7));
    assertThat(NpyFile.open("--l", longs).labels()).containsExactly(4, 0, 7);
    Path ints = write("<i4", "(2,)", 8, data -> data.putInt(1).putInt(2));
    assertThat(NpyFile.open("--l", ints).labels()).containsExactly(1, 2);
    Path bytes = write("|u1", "(2,)", 2, data -> data.put((byte) 200).put((byte) 3));
    assertThat(NpyFile.open("--l", bytes).labels()).containsExactly(200, 3);
  }

  @ParameterizedTest
  @CsvSource({"|b1,1", "|u1,1", "<i4,4", "<i8,8"})
  void aMatrixOfZerosAndOnesIsSeveralLabelsEach(String type, int bytes) throws IOException {
    Path file = matrix(type, bytes, 0, 1, 1, 0, 0, 0);

    MultiLabels labels = NpyFile.open("--l", file).labelling().several().orElseThrow();

    assertThat(labels.examples()).isEqualTo(2);
    assertThat(labels.has(0, 0)).isFalse();
    assertThat(labels.has(0, 1)).isTrue();
    assertThat(labels.has(0, 2)).isTrue();
    assertThat(labels.positives(0)).isZero();
    Path odd = matrix(type, bytes, 0, 1, 0, 0, 0, 2);
    assertThatThrownBy(() -> NpyFile.open("--l", odd).labelling())
        .hasMessage(
            odd + " row 1, column 2 is 2, expected 0 or 1: whether the example is of the class");
  }

  private Path matrix(String type, int bytes, int... values) throws IOException {
    return write(
        type,
        "(2, 3)",
        6 * bytes,
        data -> {
          for (int value : values) {
            data.put((byte) value).position(data.position() + bytes - 1);
          }
        });
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    Path file = write("<f4", "(2, 2)", 16, data -> {});
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> NpyFile.open("--f", file))
          .isInstanceOfSatisfying(
              UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
          .hasMessageStartingWith(file.toString());
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertThatThrownBy(() -> NpyFile.open("--f", file)).hasMessageContaining("expected 144");
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
  void aNumberThatIsNotFiniteIsNamedByRowAndColumn() throws IOException {
    Path file =
        write(
            "<f4",
            "(2, 2)",
            16,
            data -> data.putFloat(1).putFloat(2).putFloat(3).putFloat(Float.NaN));
    FeatureMatrix matrix = NpyFile.open("--f", file).features();
    assertThat(row(matrix, 0)).containsExactly(1, 2);
    assertThatThrownBy(() -> row(matrix, 1))
        .hasMessage(file + " row 1, column 1 is NaN, expected a finite number");
  }

  @Test
  void whatIsNoMatrixOrNoVectorIsRefused() throws IOException {
    Path vector = write("<f4", "(4,)", 16, data -> {});
    assertThatThrownBy(() -> NpyFile.open("--f", vector).features())
        .hasMessageContaining("expected real numbers of shape (rows, features)");
    assertThatThrownBy(() -> NpyFile.open("--f", vector).labels())
        .hasMessageContaining("expected whole numbers");
    Path negative = write("<i8", "(1,)", 8, data -> data.putLong(-1));
    assertThatThrownBy(() -> NpyFile.open("--f", negative).labels())
        .hasMessageContaining("row 0 is -1");
    assertThatThrownBy(() -> NpyFile.open("--f", dir.resolve("none.npy")))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_INPUT));
  }

  private Path write(String type, String shape, int bytes, Consumer<ByteBuffer> fill)
      throws IOException {
    byte[] header = NpyWriter.header(type, shape);
    ByteBuffer data = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    fill.accept(data);
    byte[] all = Arrays.copyOf(header, header.length + bytes);
    System.arraycopy(data.array(), 0, all, header.length, bytes);
    return Files.write(dir.resolve("a.npy"), all);
  }

  private static float[] row(FeatureMatrix matrix, int row) {
    float[] values = new float[matrix.columns()];
    matrix.copyRow(row, values, 0);
    return values;
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
