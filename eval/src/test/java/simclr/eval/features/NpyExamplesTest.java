package simclr.eval.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.MultiLabels;
import simclr.io.NpyDtype;
import simclr.io.ResumableNpyWriter;

final class NpyExamplesTest {
  @TempDir Path dir;

  @Test
  void labelsOfEveryWholeTypeAreRead() {
    Path longs = write(NpyDtype.INT64, 3, 0, 24, data -> data.putLong(4).putLong(0).putLong(7));
    assertThat(NpyExamples.labels("--l", longs)).containsExactly(4, 0, 7);
    Path ints = write(NpyDtype.INT32, 2, 0, 8, data -> data.putInt(1).putInt(2));
    assertThat(NpyExamples.labels("--l", ints)).containsExactly(1, 2);
    Path bytes = write(NpyDtype.UINT8, 2, 0, 2, data -> data.put((byte) 200).put((byte) 3));
    assertThat(NpyExamples.labels("--l", bytes)).containsExactly(200, 3);
  }

  @ParameterizedTest
  @EnumSource(names = {"BOOL", "UINT8", "INT32", "INT64"})
  void aMatrixOfZerosAndOnesIsSeveralLabelsEach(NpyDtype type) {
    Path file = matrix(type, 0, 1, 1, 0, 0, 0);

    MultiLabels labels = NpyExamples.labelling("--l", file).several().orElseThrow();

    assertThat(labels.examples()).isEqualTo(2);
    assertThat(labels.has(0, 0)).isFalse();
    assertThat(labels.has(0, 1)).isTrue();
    assertThat(labels.has(0, 2)).isTrue();
    assertThat(labels.positives(0)).isZero();
    Path odd = matrix(type, 0, 1, 0, 0, 0, 2);
    assertThatThrownBy(() -> NpyExamples.labelling("--l", odd))
        .hasMessage(
            odd + " row 1, column 2 is 2, expected 0 or 1: whether the example is of the class");
  }

  private Path matrix(NpyDtype type, int... values) {
    return write(
        type,
        2,
        3,
        6 * type.bytes(),
        data -> {
          for (int value : values) {
            data.put((byte) value).position(data.position() + type.bytes() - 1);
          }
        });
  }

  @Test
  void aNumberThatIsNotFiniteIsNamedByRowAndColumn() {
    Path file =
        write(
            NpyDtype.FLOAT32,
            2,
            2,
            16,
            data -> data.putFloat(1).putFloat(2).putFloat(3).putFloat(Float.NaN));
    FeatureMatrix matrix = NpyExamples.features("--f", file);
    assertThat(row(matrix, 0)).containsExactly(1, 2);
    assertThatThrownBy(() -> row(matrix, 1))
        .hasMessage(file + " row 1, column 1 is NaN, expected a finite number");
  }

  @Test
  void aMatrixOfMoreClassesThanCanBeIsRefusedBeforeItIsRead() {
    Path wide = write(NpyDtype.BOOL, 2, 100_001, 200_002, data -> {});
    assertThatThrownBy(() -> NpyExamples.labelling("--l", wide))
        .isInstanceOf(UserException.class)
        .hasMessage(wide + " is a matrix of 100001 columns, expected at most 100000 classes");
  }

  @Test
  void whatIsNoMatrixOrNoVectorIsRefused() {
    Path vector = write(NpyDtype.FLOAT32, 4, 0, 16, data -> {});
    assertThatThrownBy(() -> NpyExamples.features("--f", vector))
        .hasMessageContaining("expected real numbers of shape (rows, features)");
    assertThatThrownBy(() -> NpyExamples.labels("--f", vector))
        .hasMessageContaining("expected whole numbers");
    Path negative = write(NpyDtype.INT64, 1, 0, 8, data -> data.putLong(-1));
    assertThatThrownBy(() -> NpyExamples.labels("--f", negative))
        .hasMessageContaining("row 0 is -1");
    assertThatThrownBy(() -> NpyExamples.features("--f", dir.resolve("none.npy")))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_INPUT));
  }

  private Path write(NpyDtype dtype, int rows, int columns, int bytes, Consumer<ByteBuffer> fill) {
    ByteBuffer data = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    fill.accept(data);
    Path path = dir.resolve("a.npy");
    try (ResumableNpyWriter file =
        columns == 0
            ? ResumableNpyWriter.vector(path, dtype, rows, 0)
            : ResumableNpyWriter.matrix(path, dtype, rows, columns, 0)) {
      file.append(data.position(0));
      file.commit();
    }
    return path;
  }

  private static float[] row(FeatureMatrix matrix, int row) {
    float[] values = new float[matrix.columns()];
    matrix.copyRow(row, values, 0);
    return values;
  }
}
