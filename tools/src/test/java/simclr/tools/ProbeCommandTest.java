package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.io.NpyDtype;
import simclr.io.ResumableNpyWriter;

final class ProbeCommandTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "probe => 2 => no protocol is given, expected probe with one of logreg, linear, knn,"
            + " ridge,",
        "probe logreg => 2 => no encoder is given, expected --model_dir, --checkpoint, --export",
        "probe logrge => 2 => logrge is not a command, did you mean logreg?",
        "probe logreg --l3=1 => 2 => --l3 is not a flag of logreg",
        "probe logreg --l2=-1 => 2 => --l2 is -1.0, expected a finite value of 0 or more",
        "probe logreg --validation_share=1 => 2 => --validation_share is 1.0, expected a value",
        "probe knn --k=0 => 2 => --k is 0, expected 1 or more",
        "probe knn --knn_temperature=0 => 2 => --knn_temperature is 0.0, expected a finite value",
        "probe ridge --shots=1,0 => 2 => --shots is 0, expected 1 or more",
        "probe linear --train_epochs=0 => 2 => --train_epochs is 0, expected 1 or more",
        "probe logreg --train_features=a.npy => 2 => --train_labels is missing, expected a .npy",
        "probe logreg --train_features=a.npy --train_labels=b.npy"
            + " => 2 => --test_features is missing, expected .npy files",
        "probe logreg --encoder=random_init => 2 => --output is missing, expected a directory",
        "probe logreg --encoder=raw_pixels --checkpoint=c --output=o"
            + " => 2 => --checkpoint is given with --encoder=raw_pixels",
        "probe logreg --model_dir=DIR/none => 66 => --model_dir is DIR/none, expected a prefix",
        "probe logreg --train_features=DIR/a.npy --train_labels=DIR/b.npy --test_features=DIR/a.npy"
            + " --test_labels=DIR/b.npy => 66 => --train_features is DIR/a.npy, which is not there",
      })
  void mistakeIsOneSentence(String line, int status, String sentence) {
    Outcome outcome = Outcome.of(line.replace("DIR", dir.toString()).split(" "));
    assertThat(outcome.err()).startsWith("simclr: " + sentence.replace("DIR", dir.toString()));
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.status()).isEqualTo(status);
    assertThat(outcome.out()).isEmpty();
  }

  @Test
  void readyFeaturesGiveARecordAndFiles() throws IOException {
    String[] files = features();

    Outcome outcome = logreg(files);

    assertThat(outcome.status()).isEqualTo(0);
    JsonNode json = new ObjectMapper().readTree(outcome.out());
    assertThat(json.get("protocol").asText()).isEqualTo("logreg");
    assertThat(json.get("top_1").asDouble()).isEqualTo(1);
    assertThat(json.get("top_5").isNull()).isTrue();
    assertThat(json.get("interval").get("top_1").get(1).asDouble()).isEqualTo(1);
    assertThat(json.get("objective").asDouble()).isBetween(0.0, Math.log(2));
    assertThat(json.get("l2").asDouble()).isEqualTo(0.01);
    assertThat(json.get("test").get("used").asInt()).isEqualTo(1);
    assertThat(json.get("encoder").get("kind").asText()).isEqualTo("features");
    assertThat(json.get("confusion").toString()).isEqualTo("[[4,0],[0,4]]");
    assertThat(new ObjectMapper().readTree(dir.resolve("out/result.json").toFile()))
        .isEqualTo(json);
    assertThat(Files.readAllLines(dir.resolve("out/predictions.csv")))
        .startsWith("example,label,predicted,correct_top5", "0,0,0,")
        .hasSize(9);
  }

  /** A figure of neighbours without k, distance and weights cannot be compared with another. */
  @Test
  void neighboursAreNamedWithTheirDistanceAndWeights() throws IOException {
    String[] files = features();

    assertThat(Outcome.of("probe", "knn", "--k=1", files[0], files[1], files[2], files[3]).out())
        .contains("cosine", "votes weighted exp(cosine / 0.1), k = 1", "  k = 1: top-1");
    assertThat(
            Outcome.of(
                    "probe",
                    "knn",
                    "--k=1",
                    "--weighting=uniform",
                    files[0],
                    files[1],
                    files[2],
                    files[3])
                .out())
        .contains("votes weighted uniform, k = 1");
  }

  @Test
  void aMatrixOfLabelsIsMeasuredByMeanAveragePrecisionAndTheKindsOfAnswersDoNotMix()
      throws IOException {
    String[] files = features();
    String[] several = files.clone();
    ByteBuffer matrix = ByteBuffer.allocate(8 * 2);
    for (int i = 0; i < 8; i++) {
      matrix.put((byte) (i % 2)).put((byte) (i < 6 ? 1 : 0));
    }
    Path labels = npy("m.npy", NpyDtype.BOOL, matrix);
    several[1] = "--train_labels=" + labels;
    several[3] = "--test_labels=" + labels;

    assertThat(logreg(files).status()).isEqualTo(0);
    Outcome outcome = logreg(several);

    assertThat(outcome.status()).isEqualTo(0);
    JsonNode json = new ObjectMapper().readTree(outcome.out());
    assertThat(json.get("metric").asText()).isEqualTo("map_11");
    assertThat(json.get("map_11").asDouble()).isEqualTo(1);
    assertThat(json.has("top_1")).isFalse();
    assertThat(json.get("per_class").get(1).get("positives").asInt()).isEqualTo(6);
    assertThat(dir.resolve("out/scores.npy")).exists();
    assertThat(dir.resolve("out/predictions.csv")).doesNotExist();
    assertThat(Outcome.of("probe", "knn", files[0], several[1], files[2], several[3]).err())
        .startsWith("simclr: " + dir.resolve("f.npy") + " is a multi-label set (example 1 has 2")
        .hasLineCount(1);
  }

  private Outcome logreg(String... files) {
    return Outcome.of(
        "probe",
        "logreg",
        files[0],
        files[1],
        files[2],
        files[3],
        "--l2=0.01",
        "--json",
        "--output=" + dir.resolve("out"));
  }

  @Test
  void featuresAndAnEncoderAreNotBothTaken() throws IOException {
    String[] files = features();
    assertThat(
            Outcome.of("probe", "knn", files[0], files[1], files[2], files[3], "--image_size=32")
                .err())
        .isEqualTo(
            "simclr: --image_size is given with --train_features, expected ready features or an"
                + " encoder\n");
  }

  @Test
  void helpNamesTheSettings() {
    assertThat(Outcome.of("probe", "--help").out()).contains("logreg", "layers");
    assertThat(Outcome.of("probe", "logreg", "--help").out()).contains("--l2_values", "45");
    assertThat(Outcome.of("probe", "knn", "--help").out()).contains("--knn_temperature", "0.1");
  }

  /** Eight examples on two sides of zero. */
  private String[] features() throws IOException {
    ByteBuffer rows = ByteBuffer.allocate(8 * 2 * 4).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer labels = ByteBuffer.allocate(8 * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 8; i++) {
      rows.putFloat(i % 2 == 0 ? 1 + i : -1 - i).putFloat(i);
      labels.putLong(i % 2);
    }
    Path features = npy("f.npy", NpyDtype.FLOAT32, rows);
    Path classes = npy("l.npy", NpyDtype.INT64, labels);
    return new String[] {
      "--train_features=" + features,
      "--train_labels=" + classes,
      "--test_features=" + features,
      "--test_labels=" + classes
    };
  }

  private Path npy(String name, NpyDtype dtype, ByteBuffer data) {
    Path path = dir.resolve(name);
    try (ResumableNpyWriter file =
        dtype == NpyDtype.INT64
            ? ResumableNpyWriter.vector(path, dtype, 8, 0)
            : ResumableNpyWriter.matrix(path, dtype, 8, 2, 0)) {
      file.append(data.flip());
      file.commit();
    }
    return path;
  }
}
