package simclr.eval.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.config.UserException;

/** A study of two runs of one step each, on a few tiny images. */
final class StudyRunTest {
  @TempDir Path temp;

  @Test
  void studyGoesOnWhereItStoppedAndEndsInItsTable() throws IOException {
    Study study = study("--seed=3");
    Path output = temp.resolve("out");
    List<String> told = new ArrayList<>();
    Optional<StudyResult> stopped =
        StudyRun.execute(
            study, output, Reporter.lines(told::add), () -> told.toString().contains("run 2 of 2"));
    assertThat(stopped).isEmpty();
    assertThat(output.resolve("study.json")).doesNotExist();

    told.clear();
    StudyResult result =
        StudyRun.execute(study, output, Reporter.lines(told::add), () -> false).orElseThrow();
    assertThat(told).contains("run 1 of 2, NT-Xent: done before");
    assertThat(result.rows()).hasSize(2);
    assertThat(result.rows().get(0).first().total()).isEqualTo(20);
    assertThat(result.text()).contains("NT-Xent").contains("63.9").contains("51.6");
    JsonNode json = new ObjectMapper().readTree(output.resolve("study.json").toFile());
    assertThat(json.at("/runs/1/name").asText()).isEqualTo("NT-Logistic");
    assertThat(json.at("/runs/1/flags/contrastive_loss").asText()).isEqualTo("nt_logistic");
    assertThat(json.at("/runs/0/layers").size()).isEqualTo(2);
    assertThat(json.at("/runs/1/layers").size()).as("no head, no z").isEqualTo(1);
    assertThat(json.at("/differences/0/top_1").asDouble())
        .isCloseTo(
            json.at("/runs/0/layers/h/top_1").asDouble()
                - json.at("/runs/0/layers/z/top_1").asDouble(),
            within(1e-12));
    assertThat(Files.readAllLines(output.resolve("study.csv"))).hasSize(3);
    assertThat(Files.readString(StudyResult.page(output)))
        .contains("<svg")
        .doesNotContain("http://")
        .contains("Published: SimCLR paper");

    assertThatThrownBy(
            () ->
                StudyRun.execute(
                    study("--seed=4"), output, Reporter.lines(line -> {}), () -> false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds a run with other flags");
  }

  private Study study(String seed) throws IOException {
    Path file = temp.resolve("study");
    Files.write(
        file,
        List.of(
            "published = loss function (negatives of one view only)",
            "layers = h, z",
            "contrast NT-Xent at h minus NT-Xent at z | h vs g(h), nonlinear head",
            seed,
            "--dataset=synthetic:train=40,test=20,size=16",
            "--eval_split=test",
            "--image_size=16",
            "--resnet_depth=18",
            "--train_batch_size=4",
            "--train_steps=1",
            "--use_blur=false",
            "[NT-Xent | NT-Xent]",
            "[NT-Logistic | NT-Logistic]",
            "--proj_head_mode=none",
            "--contrastive_loss=nt_logistic"));
    return Study.read(file, Map.of());
  }
}
