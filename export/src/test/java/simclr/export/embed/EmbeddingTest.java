package simclr.export.embed;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.Encoder;
import simclr.export.TestExport;
import simclr.export.bundle.TimeLimits;

final class EmbeddingTest {
  @TempDir Path dir;

  @Test
  void npyHasARowForEachFileAndItsNameAndLabelBeside() throws IOException {
    TestExport.folder(dir.resolve("images/cat"), 4);
    TestExport.folder(dir.resolve("images/dog"), 3);
    Embedding.Summary summary = embed(folder("images", "out.npy")).orElseThrow();
    assertThat(summary.examples()).isEqualTo(7);
    assertThat(summary.representationSize()).isEqualTo(512);

    float[][] rows = matrix(dir.resolve("out.npy"), "<f4", "(7, 512)", 7, 512);
    List<String> names = Files.readAllLines(dir.resolve("out.names.txt"));
    assertThat(names).hasSize(7).contains("cat/0.png", "dog/2.png");
    List<Path> files = names.stream().map(dir.resolve("images")::resolve).toList();
    try (Encoder encoder = Encoder.load(TestExport.version())) {
      float[][] expected = encoder.embedFiles(files);
      for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 512; j++) {
          float tolerance = 1e-5f + 1e-5f * Math.abs(expected[i][j]);
          assertThat(rows[i][j]).isBetween(expected[i][j] - tolerance, expected[i][j] + tolerance);
        }
      }
    }
    ByteBuffer labels = npy(dir.resolve("out.labels.npy"), "<i8", "(7,)");
    for (String name : names) {
      assertThat(labels.getLong()).isEqualTo(name.startsWith("cat") ? 0 : 1);
    }
    assertThat(labels.hasRemaining()).isFalse();
  }

  @Test
  void csvHoldsTheSameValues() throws IOException {
    TestExport.folder(dir.resolve("images"), 5);
    embed(folder("images", "out.npy"));
    embed(folder("images", "out.csv"));
    float[][] rows = matrix(dir.resolve("out.npy"), "<f4", "(5, 512)", 5, 512);
    List<String> lines = Files.readAllLines(dir.resolve("out.csv"));
    assertThat(lines.get(0)).startsWith("name,h0,h1,").endsWith(",h511");
    assertThat(lines).hasSize(6);
    for (int i = 0; i < 5; i++) {
      String[] fields = lines.get(i + 1).split(",", -1);
      assertThat(fields).hasSize(513);
      assertThat(fields[0]).matches("\\d\\.png");
      assertThat(Float.parseFloat(fields[1])).isEqualTo(rows[i][0]);
      assertThat(Float.parseFloat(fields[512])).isEqualTo(rows[i][511]);
    }
    assertThat(dir.resolve("out.labels.npy")).doesNotExist();
  }

  @Test
  void splitOfADataSetIsNamedByItsPlaces() throws IOException {
    EmbedSettings settings =
        new EmbedSettings(
            TestExport.version(),
            Optional.of("synthetic:size=16"),
            Optional.empty(),
            "test[:5]",
            2,
            dir.resolve("out.csv"),
            TimeLimits.DEFAULT);
    embed(settings);
    List<String> lines = Files.readAllLines(dir.resolve("out.csv"));
    assertThat(lines.get(0)).startsWith("name,label,h0,");
    assertThat(lines.get(5)).startsWith("test[:5]/4,");
  }

  @Test
  void twoRunsWriteTheSameBytes() throws IOException {
    TestExport.folder(dir.resolve("images"), 5);
    embed(folder("images", "a.npy"));
    embed(folder("images", "b.npy"));
    assertThat(dir.resolve("a.npy")).hasSameBinaryContentAs(dir.resolve("b.npy"));
  }

  @Test
  void brokenImageIsNamedAndNothingIsWritten() throws IOException {
    TestExport.folder(dir.resolve("images"), 3);
    Path broken =
        Files.write(dir.resolve("images").resolve("broken.png"), TestExport.brokenPixels());
    Files.writeString(dir.resolve("out.npy"), "before");
    assertThatThrownBy(() -> embed(folder("images", "out.npy")))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessageStartingWith(broken + " cannot be decoded");
    assertThat(dir.resolve("out.npy")).hasContent("before");
    assertThat(names()).containsExactlyInAnyOrder("images", "out.npy");
  }

  @Test
  void stoppedRunWritesNothing() throws IOException {
    TestExport.folder(dir.resolve("images"), 3);
    assertThat(Embedding.run(folder("images", "out.npy"), Reporter.lines(line -> {}), () -> true))
        .isEmpty();
    assertThat(names()).containsExactly("images");
  }

  @Test
  void outputThatCannotBeWrittenIsNamed() throws IOException {
    TestExport.folder(dir.resolve("images"), 3);
    assertThatThrownBy(() -> embed(folder("images", "none/out.npy")))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CANNOT_WRITE))
        .hasMessageStartingWith(dir.resolve("none/out.npy") + " cannot be written");
  }

  @ParameterizedTest
  @CsvSource({"out.txt, 2", "out, 2"})
  void outputOfAnUnknownKindIsAUsageError(String name, int status) {
    assertThatThrownBy(() -> folder("images", name))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode().status()).isEqualTo(status))
        .hasMessageEndingWith("expected a name that ends in .npy or .csv");
  }

  private EmbedSettings folder(String images, String output) {
    return new EmbedSettings(
        TestExport.version(),
        Optional.empty(),
        Optional.of(dir.resolve(images)),
        "all",
        2,
        dir.resolve(output),
        TimeLimits.DEFAULT);
  }

  private static Optional<Embedding.Summary> embed(EmbedSettings settings) {
    return Embedding.run(settings, Reporter.lines(line -> {}), () -> false);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static float[][] matrix(Path file, String type, String shape, int count, int columns)
      throws IOException {
    ByteBuffer data = npy(file, type, shape);
    List<float[]> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      float[] row = new float[columns];
      for (int j = 0; j < columns; j++) {
        row[j] = data.getFloat();
      }
      rows.add(row);
    }
    assertThat(data.hasRemaining()).isFalse();
    return rows.toArray(float[][]::new);
  }

  /** The data behind a header, which must be NumPy's. */
  private static ByteBuffer npy(Path file, String type, String shape) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[8];
    bytes.get(magic);
    assertThat(magic).containsExactly(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0);
    byte[] header = new byte[bytes.getShort()];
    bytes.get(header);
    assertThat(new String(header, ISO_8859_1))
        .startsWith("{'descr': '%s', 'fortran_order': False, 'shape': %s, }".formatted(type, shape))
        .endsWith("\n");
    assertThat((header.length + 10) % 64).isZero();
    return bytes;
  }
}
