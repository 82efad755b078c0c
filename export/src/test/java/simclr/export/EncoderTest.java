package simclr.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

@TestInstance(Lifecycle.PER_CLASS)
@Tag("numeric")
final class EncoderTest {
  private static final int SIZE = TestExport.SIZE;

  @SuppressWarnings("NullAway.Init")
  private Encoder encoder;

  @BeforeAll
  void load() {
    encoder = Encoder.load(TestExport.version());
  }

  @AfterAll
  void close() {
    encoder.close();
  }

  @Test
  void encoderSaysWhatItIs() {
    assertThat(encoder.representationSize()).isEqualTo(512);
    assertThat(encoder.imageSize()).isEqualTo(SIZE);
    assertThat(encoder.directory()).isEqualTo(TestExport.version());
  }

  @Test
  void encodedImagesFilesAndPixelsHaveTheSameRepresentation(@TempDir Path dir) throws IOException {
    Path file = Files.write(dir.resolve("image.png"), TestExport.png(3, SIZE, SIZE));
    float[] encoded = encoder.embedEncoded(List.of(TestExport.png(3, SIZE, SIZE)))[0];
    assertThat(encoded).hasSize(512).isNotEqualTo(new float[512]);
    assertThat(encoder.embedFiles(List.of(file))[0]).isEqualTo(encoded);
    float[] pixels = TestExport.floats(3, SIZE, SIZE);
    assertThat(encoder.embedPixels(pixels, 1, SIZE, SIZE)[0]).isEqualTo(encoded);
    float[][][][] nested = new float[1][SIZE][SIZE][3];
    for (int i = 0; i < pixels.length; i++) {
      nested[0][i / 3 / SIZE][i / 3 % SIZE][i % 3] = pixels[i];
    }
    assertThat(encoder.embedPixels(nested)[0]).isEqualTo(encoded);
  }

  @Test
  void imageAloneAndAmongOthersOfAllSizesHasOneRepresentation() {
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      images.add(TestExport.png(i, SIZE + i, SIZE + 3 * i));
    }
    float[][] together = encoder.embedEncoded(images);
    assertThat(together).hasNumberOfRows(40);
    for (int i : new int[] {0, 31, 32, 39}) {
      float[] alone = encoder.embedEncoded(images.subList(i, i + 1))[0];
      for (int j = 0; j < alone.length; j++) {
        assertThat(together[i][j]).isCloseTo(alone[j], within(1e-5f + 1e-5f * Math.abs(alone[j])));
      }
    }
    assertThat(together[1]).isNotEqualTo(together[2]);
  }

  @Test
  void nothingHasNoRepresentations() {
    assertThat(encoder.embedEncoded(List.of())).isEmpty();
    assertThat(encoder.embedFiles(List.of())).isEmpty();
    assertThat(encoder.embedPixels(new float[0][][][])).isEmpty();
  }

  @Test
  void threadsShareAnEncoder() throws Exception {
    float[] expected = encoder.embedEncoded(List.of(TestExport.png(1, SIZE, SIZE)))[0];
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<float[]>> all = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        all.add(
            threads.submit(() -> encoder.embedEncoded(List.of(TestExport.png(1, SIZE, SIZE)))[0]));
      }
      for (Future<float[]> each : all) {
        assertThat(each.get()).isEqualTo(expected);
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void valuesOfAnotherRangeAreRefused() {
    float[] pixels = new float[2 * SIZE * SIZE * 3];
    pixels[SIZE * SIZE * 3 + 5] = 255;
    assertRefused(
        () -> encoder.embedPixels(pixels, 2, SIZE, SIZE),
        "image 1 has the value 255.0 (it looks like 0 to 255), expected values in [0, 1]: bytes"
            + " divided by 255, without mean and deviation");
    pixels[7] = -1e-6f;
    assertRefused(
        () -> encoder.embedPixels(pixels, 2, SIZE, SIZE),
        "image 0 has the value -1.0E-6, expected values in [0, 1]: bytes divided by 255, without"
            + " mean and deviation");
    pixels[7] = Float.NaN;
    assertRefused(
        () -> encoder.embedPixels(pixels, 2, SIZE, SIZE),
        "image 0 has the value NaN, expected values in [0, 1]: bytes divided by 255, without mean"
            + " and deviation");
  }

  @Test
  void pixelsOfAnotherShapeAreTheCallersMistake() {
    assertThatThrownBy(() -> encoder.embedPixels(new float[10], 1, SIZE, SIZE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("10 values are no 1 images of 16 x 16 pixels");
    assertThatThrownBy(() -> encoder.embedPixels(new float[][][][] {{{{0, 0}}}}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 channels");
    assertThatThrownBy(
            () -> encoder.embedPixels(new float[][][][] {new float[2][2][3], new float[2][3][3]}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 and 3 columns");
  }

  @Test
  void unusableImageIsNamed(@TempDir Path dir) throws IOException {
    byte[] good = TestExport.png(0, SIZE, SIZE);
    assertRefused(
        () -> encoder.embedEncoded(List.of(good, new byte[0])),
        "image 1 is empty, expected an image");
    assertRefused(
        () -> encoder.embedEncoded(List.of(good, good, TestExport.hundredMegapixels())),
        "image 2 has 10000 x 10000 pixels, expected at most 50 million");
    assertRefused(
        () -> encoder.embedEncoded(List.of("text".getBytes(UTF_8))),
        "image 0 is not a PNG, JPEG, GIF or BMP image");
    Path empty = Files.createFile(dir.resolve("empty.png"));
    assertRefused(() -> encoder.embedFiles(List.of(empty)), empty + " is empty, expected an image");
    Path large = Files.write(dir.resolve("large.png"), TestExport.hundredMegapixels());
    assertRefused(
        () -> encoder.embedFiles(List.of(large)),
        large + " has 10000 x 10000 pixels, expected at most 50 million");
    Path none = dir.resolve("none.png");
    assertThatThrownBy(() -> encoder.embedFiles(List.of(none)))
        .isInstanceOf(UserException.class)
        .hasMessage(none + " is missing, expected an image");
  }

  @Test
  void imageWithBrokenPixelsIsNamedAmongGoodOnes() {
    byte[] good = TestExport.png(0, SIZE, SIZE);
    assertThatThrownBy(() -> encoder.embedEncoded(List.of(good, TestExport.brokenPixels(), good)))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessageStartingWith("image 1 cannot be decoded (");
  }

  @Test
  void closedEncoderAnswersNothing() {
    Encoder closed = Encoder.load(TestExport.version());
    closed.close();
    closed.close();
    assertThatThrownBy(() -> closed.embedEncoded(List.of(TestExport.png(0, SIZE, SIZE))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was closed");
  }

  @Test
  void newestVersionOfABaseDirectoryIsTaken(@TempDir Path base) throws IOException {
    TestExport.copy(base, 9);
    TestExport.copy(base, 10);
    Files.createDirectories(base.resolve("temp"));
    try (Encoder newest = Encoder.load(base)) {
      assertThat(newest.directory()).isEqualTo(base.resolve("10"));
    }
  }

  @Test
  void whatIsNoExportIsNamed(@TempDir Path base) throws IOException {
    Path none = base.resolve("none");
    assertThatThrownBy(() -> Encoder.load(none))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_INPUT))
        .hasMessage(none + " is missing, expected the directory of an export");
    assertThatThrownBy(() -> Encoder.load(base)).hasMessageStartingWith(base + " holds no export");
    Path unnamed = TestExport.copy(base, 1);
    Files.delete(unnamed.resolve("manifest.json"));
    assertRefused(
        () -> Encoder.load(base),
        unnamed.resolve("manifest.json") + " is missing, expected an export of this program");
    Path torn = TestExport.copy(base, 2);
    try (RandomAccessFile file =
        new RandomAccessFile(torn.resolve("saved_model.pb").toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    assertThatThrownBy(() -> Encoder.load(base))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(torn.toString());
    Path hollow = TestExport.copy(base, 3);
    Files.delete(hollow.resolve("variables").resolve("variables.index"));
    assertRefused(
        () -> Encoder.load(base),
        hollow.resolve("variables/variables.index") + " is missing, expected a whole SavedModel");
    Path halved = TestExport.copy(base, 5);
    Path missing = halved.resolve("variables").resolve("variables.data-00000-of-00001");
    Files.delete(missing);
    assertThatThrownBy(() -> Encoder.load(base))
        .isInstanceOf(UserException.class)
        .hasMessage(missing + " is missing, expected it beside variables.index");
    Path shortened = TestExport.copy(base, 7);
    Path data = shortened.resolve("variables").resolve("variables.data-00000-of-00001");
    Files.delete(data);
    Files.write(data, new byte[1000]);
    assertThatThrownBy(() -> Encoder.load(base))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(data + " is cut at tensor ");
    Path garbled = TestExport.copy(base, 8);
    Files.writeString(garbled.resolve("manifest.json"), "{\"representation_size\": 0}");
    assertThatThrownBy(() -> Encoder.load(base))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("manifest.json has image_size");
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessage(message);
  }
}
