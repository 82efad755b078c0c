package simclr.eval.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** The text that a study is written in. */
final class SweepFileTest {
  private static final Path CONFIGS =
      Path.of(System.getProperty("simclr.testdata", "testdata")).resolveSibling("configs");

  @TempDir Path temp;

  static Stream<Path> studies() throws IOException {
    try (Stream<Path> files = Files.list(CONFIGS)) {
      return files.filter(file -> file.toString().endsWith(".sweep")).toList().stream();
    }
  }

  @Test
  void axesAreCrossedAndRunsAddTheirFlags() {
    Study study =
        read(
            "title = two by two",
            "# a remark",
            "--seed=3",
            "axis temperature = 0.1, 0.5",
            "[plain | one]",
            "[none]",
            "--proj_head_mode=none");
    assertThat(study.title()).isEqualTo("two by two");
    assertThat(study.runs())
        .extracting(PlannedRun::name)
        .containsExactly(
            "plain, temperature=0.1",
            "plain, temperature=0.5",
            "none, temperature=0.1",
            "none, temperature=0.5");
    assertThat(study.runs().get(3).flags())
        .isEqualTo(Map.of("seed", "3", "temperature", "0.5", "proj_head_mode", "none"));
    assertThat(study.runs().get(0).published()).contains("one");
    assertThat(study.runs().get(0).directory()).isEqualTo("plain-temperature=0.1");
  }

  @Test
  void contrastIsOfTheFirstLayerUnlessItNamesOne() {
    Study study =
        read(
            "layers = h, z",
            "contrast a, 128 minus b | nonlinear vs linear",
            "contrast b at h minus b at z | h vs g(h), nonlinear head",
            "[a, 128]",
            "[b]");
    assertThat(study.contrasts())
        .extracting(Contrast::words)
        .containsExactly("a, 128 minus b", "b at h minus b at z");
    assertThat(study.contrasts().get(0).second()).isEqualTo(new Contrast.Side("b", "h"));
    assertThat(study.contrasts().get(1).published()).isEqualTo("h vs g(h), nonlinear head");
  }

  @Test
  void givenFlagsGoBeforeThoseOfAllRunsOnly() throws IOException {
    Path file = temp.resolve("study");
    Files.write(file, List.of("--seed=3", "[a]", "--temperature=1"));
    Study study = Study.read(file, Map.of("seed", "4", "temperature", "2"));
    assertThat(study.runs().get(0).flags()).containsEntry("seed", "4");
    assertThat(study.runs().get(0).flags()).containsEntry("temperature", "1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "temperature: 1 => line 1 is \"temperature: 1\"",
        "--seed=1~--seed=2 => line 2 is \"seed\", expected it once",
        "[a]~[a] => expected another name for each run",
        "[a b]~[a-b] => has the directory a-b of another",
        "axis seed = => an axis with values",
        "colour = red => sets colour",
        "evaluation = guess => evaluation of a study is \"guess\"",
        "--temprature=1 => --temprature is not a flag",
        "[x]~--temperature=0 => --temperature is 0.0",
        "contrast a minus c | x~[a]~[b] => names run \"c\", expected one of [a, b]",
        "contrast a at z minus a | x~[a] => run \"a\" of the study has no layer z, expected one of [h]",
        "layers = h, z~contrast a at z minus a | x~[a]~--proj_head_mode=none => has no layer z",
        "layers = z~[a]~--proj_head_mode=none => run \"a\" of the study has no layer z",
        "contrast a | x~[a] => line 1 is \"contrast a | x\"",
        "--train_mode=finetune => is not a pretraining run"
      })
  void lineThatIsWrongIsNamed(String lines, String message) {
    assertThatThrownBy(() -> read(lines.split("~")))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining(message);
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> Study.read(temp.resolve("none.sweep"), Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessage(temp.resolve("none.sweep") + " is not there, expected the file of a study");
  }

  /** Every study of the house can be run, and finds the published rows that it names. */
  @ParameterizedTest
  @MethodSource("studies")
  void studiesOfTheHouseAreWhole(Path file) {
    Study study = Study.read(file, Map.of());
    assertThat(study.runs()).hasSizeGreaterThan(1);
    if (study.published().isPresent()) {
      assertThat(study.runs())
          .filteredOn(run -> run.published().isPresent() || study.contrasts().isEmpty())
          .allSatisfy(
              run -> assertThat(PublishedRow.of(study, run).top1()).as(run.name()).isPresent());
    }
    assertThat(study.contrasts())
        .allSatisfy(
            contrast ->
                assertThat(PublishedValue.of(study, contrast)).as(contrast.words()).isPresent());
  }

  private Study read(String... lines) {
    try {
      Path file = temp.resolve("study");
      Files.write(file, List.of(lines));
      return Study.read(file, Map.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
