package simclr.eval.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class PublishedTablesTest {

  @Test
  void everyRowOfEveryTableIsRead() {
    List<PublishedResult> results = PublishedTables.results();

    // Counted in the files by a script: rows times the figures they hold.
    assertThat(results).hasSize(427);
    assertThat(PublishedTables.ablations()).hasSize(129);
    assertThat(PublishedTables.recipes()).hasSize(24);
    assertThat(results)
        .allSatisfy(
            row -> {
              assertThat(row.source()).isNotBlank();
              assertThat(row.conditions().value(Setting.DATA)).isPresent();
              assertThat(row.conditions().value(Setting.ENCODER)).isPresent();
              assertThat(row.conditions().value(Setting.EVALUATION)).isPresent();
              row.number().ifPresent(value -> assertThat(value).isBetween(1.0, 100.0));
            });
    assertThat(results.stream().filter(row -> row.number().isEmpty()))
        .extracting(PublishedResult::name)
        .containsExactly("maintainer-range", "reference-wrong-head", "contrastive-accuracy");
  }

  @Test
  void headlineValuesAreThoseOfTheSources() {
    assertThat(value("v1-r50-1x", "top-1")).isEqualTo("69.3");
    assertThat(value("v1-r50-4x", "top-5")).isEqualTo("93.2");
    assertThat(value("paper-best", "top-1")).isEqualTo("94.0");
    assertThat(value("r50-1x-10", "top-5")).isEqualTo("87.8");
    assertThat(value("simclrv1/pretrain/1x", "top-1")).isEqualTo("69.0");
    assertThat(
            PublishedTables.results().stream()
                .filter(row -> row.name().equals("r152_3x_sk1"))
                .filter(
                    row ->
                        row.conditions()
                            .value(Setting.EVALUATION)
                            .orElseThrow()
                            .equals(Conditions.LINEAR)))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.value()).isEqualTo("79.8");
              assertThat(row.conditions().value(Setting.ENCODER)).contains("ResNet-152 3x SK");
            });
  }

  @Test
  void settingsComeFromTheRecipeOfTheSameExperiment() {
    Conditions readme = row("reference-command-100ep", "top-1").conditions();
    Conditions paper = row("v1-r50-1x", "top-1").conditions();
    Conditions release = row("release-tf2-1x", "top-1").conditions();

    assertThat(readme.value(Setting.SCALING)).contains("sqrt");
    assertThat(paper.value(Setting.SCALING)).contains("linear");
    assertThat(paper.value(Setting.AUGMENTATION)).contains("crop, flip, colour 1, blur");
    assertThat(release.value(Setting.EPOCHS)).isEmpty();
  }

  @Test
  void quotesCommasAndBrokenTablesAreHandled() {
    assertThat(CsvTable.parse("t", "a,b\r\n\"x, \"\"y\"\"\",2\n").rows().get(0))
        .containsEntry("a", "x, \"y\"")
        .containsEntry("b", "2");
    assertThatThrownBy(() -> CsvTable.parse("t", "a,b\n1\n"))
        .hasMessage("t record 1 has 1 fields, expected 2");
    assertThatThrownBy(() -> CsvTable.parse("t", "a,b\n\"1,2\n"))
        .hasMessage("t record 1 has a quote that is not closed");
    assertThatThrownBy(() -> CsvTable.parse("t", "")).hasMessageContaining("t is empty");
    assertThatThrownBy(() -> Verified.of("maybe"))
        .hasMessage("verified is \"maybe\", expected yes, partly (...) or memory");
  }

  private static String value(String name, String metric) {
    return row(name, metric).value();
  }

  private static PublishedResult row(String name, String metric) {
    return PublishedTables.results().stream()
        .filter(row -> row.name().equals(name) && row.metric().equals(metric))
        .findFirst()
        .orElseThrow();
  }
}
