package simclr.eval.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.train.run.Outcome;
import simclr.train.run.Run;

/** Linear evaluation of a small encoder, and what its record says. */
@TestInstance(Lifecycle.PER_CLASS)
final class TrainingRecordTest {
  private final Path root;

  TrainingRecordTest(@TempDir Path root) {
    this.root = root;
  }

  @BeforeAll
  void pretrain() {
    assertThat(run(root.resolve("pretrained"), Map.of("mode", "train"))).isEqualTo(Outcome.DONE);
  }

  @Test
  void frozenEncoderIsVerified() throws IOException {
    Path dir = root.resolve("linear");
    finetune(dir, "4", "fixed");
    JsonNode record = record(dir);
    assertThat(record.get("protocol").asText()).isEqualTo("linear_sgd");
    assertThat(record.get("layer").asText()).isEqualTo("final_avg_pool");
    JsonNode trust = record.get("trust");
    assertThat(trust.get("encoder_frozen").asText()).isEqualTo("verified");
    assertThat(trust.get("variables_sha256_before")).isEqualTo(trust.get("variables_sha256_after"));
    assertThat(trust.get("batch_norm").asText()).isEqualTo("moving statistics");
    assertThat(record.at("/encoder/kind").asText()).isEqualTo("checkpoint");
    assertThat(record.at("/encoder/sha256").asText()).hasSize(64);
    assertThat(record.at("/train/examples").asInt()).isEqualTo(24);
    assertThat(record.at("/test/sha256").asText()).hasSize(64);
    assertThat(record.at("/test/used").asInt()).isEqualTo(1);
    assertThat(record.get("seed").asLong()).isEqualTo(5);
    JsonNode result = json(dir.resolve("result.json"));
    assertThat((float) record.get("top_1").asDouble())
        .isEqualTo((float) result.get("eval/label_top_1_accuracy").asDouble());
    assertThat((float) record.get("top_5").asDouble())
        .isEqualTo((float) result.get("eval/label_top_5_accuracy").asDouble());
    assertThat(Files.readAllLines(dir.resolve("predictions.csv"))).hasSize(11);
  }

  @Test
  void movedStatisticsAreNamed() throws IOException {
    Path dir = root.resolve("moving");
    finetune(dir, "4", "moving");
    assertThat(record(dir).at("/trust/encoder_frozen").asText())
        .startsWith("weights verified; moving statistics moved, first model/resnet_model/");
  }

  @Test
  void trainedEncoderIsSaidToHaveChanged() throws IOException {
    Path dir = root.resolve("all");
    finetune(dir, "-1", "moving");
    JsonNode record = record(dir);
    assertThat(record.get("protocol").asText()).isEqualTo("fine_tuning");
    assertThat(record.at("/trust/encoder_frozen").asText())
        .startsWith("no: model/resnet_model/")
        .endsWith("changed");
  }

  @Test
  void frozenVariableThatChangedFailsTheRun() throws IOException {
    Path dir = root.resolve("altered");
    finetune(dir, "4", "fixed");
    Path before = dir.resolve("encoder_before.json");
    Files.writeString(
        before,
        Files.readString(before).replaceFirst("\"sha256\":\"[0-9a-f]{8}", "\"sha256\":\"00000000"));
    assertThatThrownBy(() -> finetune(dir, "4", "fixed"))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.INTERNAL))
        .hasMessageContaining("model/resnet_model/")
        .hasMessageContaining("it is frozen");
  }

  private void finetune(Path dir, String afterBlock, String frozenBn) {
    run(
        dir,
        Map.of(
            "mode", "train_then_eval",
            "train_mode", "finetune",
            "checkpoint", root.resolve("pretrained").toString(),
            "fine_tune_after_block", afterBlock,
            "frozen_bn", frozenBn,
            "optimizer", "momentum",
            "learning_rate", "8"));
  }

  private static JsonNode record(Path dir) throws IOException {
    return json(dir.resolve(TrainingRecord.FILE));
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  private static Outcome run(Path dir, Map<String, String> changes) {
    Map<String, String> flags =
        new HashMap<>(
            Map.of(
                "model_dir", dir.toString(),
                "dataset", "synthetic:size=16",
                "train_split", "train[:24]",
                "eval_split", "test[:10]",
                "train_steps", "2",
                "train_batch_size", "4",
                "image_size", "16",
                "resnet_depth", "18",
                "use_blur", "false",
                "seed", "5"));
    flags.putAll(changes);
    return Run.execute(RunConfig.of(flags), Reporter.lines(line -> {}), new TrainingRecord());
  }
}
