package simclr.eval;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.data.source.Synthetic;
import simclr.eval.metrics.Accuracy;

/** The demo's way through; what it learns in earnest takes its two minutes and is not tested. */
final class DemoTest {
  private static final Map<String, String> TINY =
      Map.of(
          "dataset", "synthetic:train=40,test=20,size=16",
          "image_size", "16",
          "train_batch_size", "8",
          "train_steps", "4",
          "checkpoint_steps", "2");

  @TempDir Path dir;

  @Test
  void aDemoEndsWithThreeAccuraciesAndAReportAndRepeatsThemWhenGivenAgain() throws IOException {
    List<String> said = new ArrayList<>();

    DemoResult first = Demo.run(dir, TINY, Reporter.lines(said::add), () -> false).orElseThrow();
    String page = Files.readString(first.report());

    assertThat(first.step()).isEqualTo(4);
    assertThat(first.lines()).hasSize(5);
    assertThat(first.lines().get(3)).isEqualTo("report: " + dir.resolve("report.html"));
    assertThat(first.lines().get(4))
        .endsWith("tools/simclr serve " + dir.resolve("export") + " --port 8501");
    assertThat(dir.resolve("export/4/saved_model.pb")).exists();
    assertThat(Files.readAllLines(dir.resolve("export/4/assets/labels.txt")))
        .isEqualTo(Synthetic.LABELS);
    assertThat(page).contains("Contrast loss", "collapse level", "data:image/png", "step 4:");
    assertThat(said).noneMatch(line -> line.startsWith("nothing to train"));

    said.clear();
    DemoResult second = Demo.run(dir, TINY, Reporter.lines(said::add), () -> false).orElseThrow();

    assertThat(second).isEqualTo(first);
    assertThat(Files.readString(second.report())).isEqualTo(page);
    assertThat(said).anyMatch(line -> line.startsWith("nothing to train"));
  }

  @Test
  void jsonCarriesCountsAndIntervals() throws IOException {
    DemoResult result =
        new DemoResult(
            200,
            new Accuracy(900, 1000),
            new Accuracy(300, 1000),
            new Accuracy(100, 1000),
            Path.of("a \"b\"/report.html"),
            Path.of("export"));

    JsonNode json = new ObjectMapper().readTree(result.json());

    assertThat(json.get("step").asInt()).isEqualTo(200);
    assertThat(json.get("pretrained").get("top_1").asDouble()).isEqualTo(0.9);
    assertThat(json.get("random_init").get("correct").asInt()).isEqualTo(300);
    assertThat(json.get("raw_pixels").get("interval").get(1).asDouble()).isBetween(0.1, 0.13);
    assertThat(json.get("report").asText()).isEqualTo("a \"b\"/report.html");
    assertThat(result.lines().get(0))
        .isEqualTo(
            "pretrained encoder   top-1  90.0 %  (900 of 1000 test images, 95 % interval 88.0 to"
                + " 91.7 %)");
  }
}
