package simclr.train.evaluate;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.checkpoint.FlagsFile;
import simclr.config.RunConfig;
import simclr.config.RunJson;
import simclr.config.UserException;

final class ResultFilesTest {

  /** Written by the reference for 176 and 569 hits of 1000. */
  private static final String REFERENCE =
      "{\"eval/regularization_loss\": 0.0015189489349722862,"
          + " \"eval/label_top_1_accuracy\": 0.17599999904632568,"
          + " \"eval/label_top_5_accuracy\": 0.5690000057220459, \"global_step\": 78.0}";

  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void resultHasTheMembersOfTheReferenceInItsOrder() throws IOException {
    EvaluationResult result = new EvaluationResult(78, 0.0015189489f, 176 / 1000f, 569 / 1000f);
    JsonNode expected = JSON.readTree(REFERENCE);
    JsonNode json = JSON.readTree(result.json());
    assertThat(json).isEqualTo(expected);
    assertThat(ImmutableList.copyOf(json.fieldNames()))
        .containsExactlyElementsOf(ImmutableList.copyOf(expected.fieldNames()));
  }

  /** Quoted, Python would take it for a string. */
  @Test
  void aResultThatIsNoNumberIsPythonsNaN() {
    EvaluationResult result = new EvaluationResult(1, Float.NaN, 0, 1);
    assertThat(new String(result.json(), US_ASCII))
        .startsWith("{\"eval/regularization_loss\":NaN,");
  }

  @Test
  void numbersReadBackAsTheyWere() throws IOException {
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      double x = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(x)) {
        JsonNode json = JSON.readTree(RunJson.bytes(Map.of("x", x)));
        assertThat(json.get("x").doubleValue()).isEqualTo(x);
      }
    }
  }

  @Test
  void flagsHaveTheReferencesNamesAndTypes() throws IOException {
    RunConfig config = RunConfig.of(Map.of("warmup_epochs", "1", "seed", "5", "data_dir", "dé"));
    byte[] content = FlagsFile.content(config);
    JsonNode json = JSON.readTree(content);
    assertThat(ImmutableList.copyOf(json.fieldNames()))
        .startsWith("learning_rate", "learning_rate_scaling", "warmup_epochs", "weight_decay");
    assertThat(json.get("learning_rate")).isEqualTo(DoubleNode.valueOf(0.3));
    assertThat(json.get("learning_rate_scaling")).isEqualTo(TextNode.valueOf("linear"));
    assertThat(json.get("warmup_epochs")).isEqualTo(DoubleNode.valueOf(1));
    assertThat(json.get("weight_decay")).isEqualTo(DoubleNode.valueOf(1e-6));
    assertThat(json.get("train_batch_size")).isEqualTo(IntNode.valueOf(512));
    assertThat(json.get("checkpoint").isNull()).isTrue();
    assertThat(json.get("use_blur")).isEqualTo(BooleanNode.TRUE);
    assertThat(json.get("mode")).isEqualTo(TextNode.valueOf("train"));
    assertThat(json.get("seed")).isEqualTo(IntNode.valueOf(5));
    assertThat(json.get("data_dir")).isEqualTo(TextNode.valueOf("dé"));
    assertThat(new String(content, US_ASCII)).contains("\"d\\u00E9\"").doesNotContain("\ufffd");
  }

  @Test
  void seedComesBack(@TempDir Path dir) throws IOException {
    assertThat(FlagsFile.read(dir)).isEmpty();
    RunConfig config = RunConfig.of(Map.of("seed", "1234567890123"));
    Files.write(dir.resolve("flags.json"), FlagsFile.content(config));
    assertThat(FlagsFile.read(dir).orElseThrow().seed()).contains(1234567890123L);
  }

  @Test
  void flagsOfTheReferenceHaveNoSeed(@TempDir Path dir) throws IOException {
    Files.writeString(dir.resolve("flags.json"), "{\"v\": -1, \"use_tpu\": false, \"?\": false}");
    FlagsFile flags = FlagsFile.read(dir).orElseThrow();
    assertThat(flags.seed()).isEmpty();
    assertThat(flags.differences(RunConfig.defaults())).isEmpty();
  }

  @Test
  void differencesAreNamedWithBothValues(@TempDir Path dir) throws IOException {
    RunConfig before = RunConfig.of(Map.of("train_epochs", "4", "mode", "eval"));
    Files.write(dir.resolve("flags.json"), FlagsFile.content(before));
    RunConfig now = RunConfig.of(Map.of("train_epochs", "8", "weight_decay", "0.0001"));
    assertThat(FlagsFile.read(dir).orElseThrow().differences(now))
        .containsExactly("--weight_decay was 0.000001, is 0.0001", "--train_epochs was 4, is 8");
  }

  @Test
  void tornFlagsAreAnErrorThatNamesTheFile(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("flags.json");
    for (String torn : new String[] {"", "{\"seed\": 1", "[1]"}) {
      Files.writeString(file, torn);
      assertThatThrownBy(() -> FlagsFile.read(dir))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("flags.json");
    }
  }
}
