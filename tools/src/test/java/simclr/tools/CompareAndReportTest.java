package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code compare} and {@code report} as commands; what they compute is tested in eval. */
final class CompareAndReportTest {
  private static final String HEADER = "example,label,predicted,correct_top5\n";

  @TempDir Path dir;

  @BeforeEach
  void makeEvaluations() throws IOException {
    write("a/predictions.csv", HEADER + "0,0,0,\n1,1,1,\n2,1,0,\n");
    write("b/predictions.csv", HEADER + "0,0,0,\n1,1,0,\n2,1,0,\n");
    write("short/predictions.csv", HEADER + "0,0,0,\n");
    write("torn/predictions.csv", HEADER + "0,0,0,\n1,1");
    write("broken/result.json", "{\"top_1\": 0.5\n \"top_5\"}");
    write("run/result.json", "{\"eval/label_top_1_accuracy\": 0.5, \"global_step\": 7.0}");
    Files.createDirectories(dir.resolve("empty"));
  }

  @Test
  void twoModelsAreComparedInWordsAndAsJson() throws IOException {
    Outcome words = simclr("compare DIR/a DIR/b --permutations=200 --bootstrap_samples=200");
    assertThat(words.status()).isZero();
    assertThat(words.out())
        .contains("of 3 test examples: both right 1, only A 1, only B 0, both wrong 1")
        .contains("200 permutations, seed 0", "no finding");

    Outcome json = simclr("compare DIR/a DIR/b/predictions.csv --json --seed=3");
    JsonNode result = new ObjectMapper().readTree(json.out());
    assertThat(result.at("/mcnemar/p").asDouble()).isEqualTo(1);
    assertThat(result.at("/permutation/seed").asInt()).isEqualTo(3);
    assertThat(json.out().lines()).hasSize(1);
  }

  @Test
  void aReportIsWrittenAndPrintedAsJson() throws IOException {
    Outcome words = simclr("report DIR/run --output=DIR/page.html");
    assertThat(words.status()).isZero();
    assertThat(words.out()).contains("page.html", "page.json");
    assertThat(dir.resolve("page.html")).content().contains("50.00 %", "prefers-color-scheme");

    Outcome json = simclr("report DIR/run DIR/run/../run --output=DIR/page.html --json");
    assertThat(new ObjectMapper().readTree(json.out()).at("/runs/0/step").asInt()).isEqualTo(7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "compare DIR/a => 2 => <B>",
        "compare DIR/a DIR/none => 66 => DIR/none is not there, expected the directory of an",
        "compare DIR/a DIR/empty => 66 => DIR/empty holds neither result.json nor predictions.csv",
        "compare DIR/a DIR/short => 65 => DIR/a answers 3 test examples and DIR/short answers 1",
        "compare DIR/a DIR/torn => 65 => predictions.csv line 3 is \"1,1\", expected a line that",
        "compare DIR/a DIR/broken => 65 => DIR/broken/result.json line 2 column",
        "compare DIR/a DIR/b --permutations=5 => 2 => --permutations is 5, expected 100 to",
        "report --output=DIR/r.html => 2 => <run>",
        "report DIR/none --output=DIR/r.html => 66 => DIR/none is not a directory, expected the",
        "report DIR/empty --output=DIR/r.html => 66 => DIR/empty holds nothing to report",
        "report DIR/broken --output=DIR/r.html => 65 => DIR/broken/result.json line 2 column",
        "report DIR/run --output=DIR/no/r.html => 73 => --output is DIR/no/r.html, expected a file",
        "report DIR/run --sample=-1 => 2 => --sample is -1, expected 0 to 2000",
      })
  void badInputIsNamedInOneSentence(String command, int status, String sentence) {
    Outcome outcome = simclr(command);

    assertThat(outcome.status()).isEqualTo(status);
    assertThat(outcome.err().lines().reduce("", (before, last) -> last))
        .startsWith("simclr: ")
        .contains(sentence.replace("DIR", dir.toString()));
    assertThat(dir.resolve("r.html")).doesNotExist();
  }

  private void write(String file, String text) throws IOException {
    Path path = dir.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private Outcome simclr(String command) {
    return Outcome.of(command.replace("DIR", dir.toString()).split(" "));
  }
}
