package simclr.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.config.UserException;

final class ResultFilesTest {

  /** Written by the reference for 176 and 569 hits of 1000. */
  @Test
  void resultIsTheReferencesToTheCharacter() {
    EvaluationResult result = new EvaluationResult(78, 0.0015189489f, 176 / 1000f, 569 / 1000f);
    assertThat(new String(result.json(), UTF_8))
        .isEqualTo(
            "{\"eval/regularization_loss\": 0.0015189489349722862,"
                + " \"eval/label_top_1_accuracy\": 0.17599999904632568,"
                + " \"eval/label_top_5_accuracy\": 0.5690000057220459, \"global_step\": 78.0}");
  }

  @Test
  void flagsHaveTheReferencesNamesAndTypes() {
    RunConfig config = RunConfig.of(Map.of("warmup_epochs", "1", "seed", "5", "model_dir", "m"));
    String text = new String(FlagsFile.content(config), UTF_8);
    assertThat(text)
        .startsWith(
            "{\"learning_rate\": 0.3, \"learning_rate_scaling\": \"linear\", \"warmup_epochs\": 1.0, \"weight_decay\": 1e-06,")
        .contains("\"train_batch_size\": 512,", "\"checkpoint\": null,", "\"use_blur\": true,")
        .contains("\"mode\": \"train\",", "\"seed\": 5,")
        .endsWith("}");
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
        .containsExactly("--weight_decay was 1e-06, is 0.0001", "--train_epochs was 4, is 8");
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
