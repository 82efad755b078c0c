package simclr.eval.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.base.Ascii;
import com.google.common.primitives.Doubles;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PublishedTablesTest {

  @Test
  void everyRowOfEveryTableIsRead() {
    List<PublishedResult> results = PublishedTables.results();

    // Counted in the files by a script: rows times the figures they hold.
    assertThat(results).hasSize(427);
    assertThat(PublishedTables.ablations()).hasSize(129);
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
                            .term(Setting.EVALUATION)
                            .equals(Optional.of(Evaluation.LINEAR))))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.value()).isEqualTo("79.8");
              assertThat(row.conditions().value(Setting.ENCODER)).contains("ResNet-152 3x SK");
            });
  }

  /** Rows, values that are numbers, and their sum, counted by a script in the sources' tables. */
  @ParameterizedTest
  @CsvSource({
    "simclr_cifar10, 9, 5, 469.0",
    "simclr_linear_imagenet, 17, 17, 1284.1",
    "simclr_batch_epochs, 48, 48, 3171.2",
    "simclr_semisupervised, 38, 38, 2875.7",
    "simclr_transfer, 120, 120, 9714.4",
    "simclr_v1_tf2_savedmodels, 9, 9, 667.3",
    "simclrv2_models, 130, 130, 9858.9",
    "simclrv2_distillation, 24, 24, 1771.3",
    "other_implementations, 32, 32, 2501.63",
    "simclr_ablations, 129, 125, 5689.1"
  })
  void noValueOfATableIsLost(String table, int rows, int numbers, double sum) {
    List<PublishedResult> found =
        Stream.concat(PublishedTables.results().stream(), PublishedTables.ablations().stream())
            .filter(row -> row.table().equals(table))
            .toList();
    List<Double> values =
        found.stream().map(row -> Doubles.tryParse(row.value())).filter(Objects::nonNull).toList();

    assertThat(found).hasSize(rows);
    assertThat(values).hasSize(numbers);
    assertThat(values.stream().mapToDouble(Double::doubleValue).sum()).isCloseTo(sum, within(1e-6));
  }

  @Test
  void settingsAreTypedAndTheirWordsAreThoseOfTheTable() {
    assertThat(CsvTable.ofResource("results.csv").rows())
        .allSatisfy(
            row -> {
              for (Setting setting : Setting.values()) {
                String words = row.getOrDefault(Ascii.toLowerCase(setting.name()), "");
                if (!words.isEmpty()) {
                  assertThat(setting.parse(words).words()).isEqualTo(words);
                }
              }
            });
    Conditions paper = row("v1-r50-1x", "top-1").conditions();
    assertThat(paper.term(Setting.SCALING)).contains(Scaling.LINEAR);
    assertThat(paper.term(Setting.AUGMENTATION)).contains(Views.of(1, true));
    assertThat(paper.term(Setting.EPOCHS)).contains(Quantity.of(1000));
    assertThat(paper.term(Setting.ENCODER)).contains(new Network(50, 1, false, Optional.empty()));
    assertThat(row("reference-readme", "top-1").conditions().term(Setting.ENCODER))
        .contains(new Network(18, 1, false, Optional.of(true)));
    assertThat(row("release-tf2-1x", "top-1").conditions().term(Setting.EPOCHS)).isEmpty();
    assertThatThrownBy(() -> Setting.ENCODER.parse("VGG-16"))
        .hasMessageContaining("encoder is VGG-16");
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
        .hasMessage("verified is \"maybe\", expected yes or memory");
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
