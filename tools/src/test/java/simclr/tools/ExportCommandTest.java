package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code export}, and what {@code run} exports after its evaluation. */
final class ExportCommandTest {
  private static final String RUN =
      "run --mode=train_then_eval --dataset=synthetic:train=16,test=8,size=16 --eval_split=test"
          + " --image_size=16 --resnet_depth=18 --use_blur=false --train_batch_size=8"
          + " --eval_batch_size=8 --warmup_epochs=0 --checkpoint_steps=1 --seed=1"
          + " --model_dir=DIR/run --train_steps=";

  @TempDir Path dir;

  @Test
  void aRunKeepsItsNewestExportsAndAnyCheckpointIsExportedByHand() throws IOException {
    assertThat(simclr(RUN + "1 --keep_hub_module_max=2").status()).isZero();
    assertThat(versions("run/saved_model")).containsExactly("1");
    Outcome evaluated = simclr(RUN + "2 --keep_hub_module_max=1");
    assertThat(evaluated.err()).contains("exported " + dir.resolve("run/saved_model/2"));
    assertThat(versions("run/saved_model")).containsExactly("2");

    Outcome repeated = simclr(RUN + "2 --keep_hub_module_max=1");
    assertThat(repeated.status()).isZero();
    assertThat(versions("run/saved_model")).containsExactly("2");

    Outcome exported =
        simclr("export --checkpoint=DIR/run/ckpt-1 --output=DIR/out --serving_config --json");
    assertThat(exported.err()).doesNotContain("note:");
    assertThat(new ObjectMapper().readTree(exported.out()).path("saved_model").asText())
        .isEqualTo(dir.resolve("out/1").toString());
    assertThat(versions("out")).containsExactlyInAnyOrder("1", "models.config", "batching.config");
    assertThat(dir.resolve("out/models.config"))
        .content()
        .contains("base_path: \"" + dir.resolve("out") + "\"", "name: \"simclr\"");
    assertThat(dir.resolve("out/1/assets/labels.txt")).exists();

    Outcome again =
        simclr("export --model_dir=DIR/run --checkpoint=DIR/run/ckpt-1 --output=DIR/out");
    assertThat(again.status()).isEqualTo(2);
    Outcome there = simclr("export --checkpoint=DIR/run/ckpt-1 --output=DIR/out");
    assertThat(there.status()).isEqualTo(73);
    assertThat(there.err()).contains("simclr: " + dir.resolve("out/1") + " exists already");
    Outcome other = simclr("export --model_dir=DIR/run --output=DIR/out --resnet_depth=34");
    assertThat(other.status()).isEqualTo(65);
    assertThat(other.err()).contains("is of another model (ResNet-18");
    Outcome labels =
        simclr("export --model_dir=DIR/run --output=DIR/out --labels=DIR/run/flags.json");
    assertThat(labels.status()).isEqualTo(65);
    assertThat(labels.err()).contains("has a head of 10 classes and there are 1 labels");
    assertThat(versions("out")).hasSize(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "--model_dir=DIR => 2 => --output is missing or has no value, expected <dir>",
        "--output=DIR/out => 2 => neither is given, expected either --model_dir or --checkpoint",
        "--output=DIR/out --model_dir=DIR --checkpoint=DIR/ckpt-1"
            + " => 2 => --model_dir and --checkpoint are both given",
        "--output=DIR/out --model_dir=DIR --optimizer=adam"
            + " => 2 => --optimizer is not a flag of export",
        "--output=DIR/out --model_dir=DIR/none => 66 => --model_dir is DIR/none, expected",
        "--output=DIR/out --model_dir=DIR => 66 => --model_dir is DIR, a directory without a checkpoint",
        "--output=DIR/out --checkpoint=DIR/ckpt-7 => 66 => --checkpoint is DIR/ckpt-7, expected",
      })
  void whatIsMissingIsNamed(String flags, int status, String sentence) throws IOException {
    Outcome outcome = simclr("export " + flags);
    assertThat(outcome.err().lines().reduce("", (before, last) -> last))
        .startsWith("simclr: ")
        .contains(sentence.replace("DIR", dir.toString()));
    assertThat(outcome.status()).isEqualTo(status);
    assertThat(dir.resolve("out")).doesNotExist();
  }

  private Outcome simclr(String command) {
    return Outcome.of(command.replace("DIR", dir.toString()).split(" "));
  }

  private List<String> versions(String base) throws IOException {
    try (Stream<Path> children = Files.list(dir.resolve(base))) {
      return children.map(path -> path.getFileName().toString()).toList();
    }
  }
}
