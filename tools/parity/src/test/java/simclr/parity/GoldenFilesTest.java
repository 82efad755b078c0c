package simclr.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Every golden file holds. Those tagged {@code slow} take minutes in all; {@code
 * -DexcludedGroups=slow} leaves them out.
 */
@Execution(ExecutionMode.CONCURRENT) // the numbers are those of one thread each
@Tag("numeric")
final class GoldenFilesTest {
  private static final Path TESTDATA = Path.of(System.getProperty("simclr.testdata"));

  /** Operations, names and the smallest models. */
  static final List<String> LIGHT =
      List.of(
          "schedule-steps",
          "schedule-lr",
          "metrics-mean",
          "metrics-special",
          "metrics-eval",
          "lars-optimizer",
          "lars-other-optimizers",
          "loss-supervised",
          "loss-contrastive",
          "loss-contrastive-replicas",
          "loss-weight-decay",
          "augment-pixel",
          "augment-jitter",
          "augment-crop",
          "augment-blur",
          "augment-train",
          "augment-crop-distribution",
          "tf1-names-r18_1x_cifar",
          "tf1-names-r18_1x_se_cifar",
          "tf1-names-r50_1x_sk0",
          "tf1-names-r50_1x_sk1",
          "tf1-names-r50_1x_se",
          "tf1-names-r50_2x_sk0",
          "tf1-names-r50_4x_sk0",
          "tf1-names-r101_1x_sk0",
          "tf1-names-r101_1x_sk1",
          "tf1-names-r152_1x_sk0",
          "tf1-names-r152_1x_sk1",
          "tf1-names-r152_3x_sk1",
          "architecture-r50-w4",
          "architecture-r200",
          "architecture-r152-w3-sk1",
          "architecture-r18-cifar",
          "architecture-r18-cifar-finetune-proj2-sel1",
          "architecture-r18-cifar-sk-se-nolinear",
          "step-r18-cifar-lars-plain",
          "finetune-after4");

  /** Large models, and several steps of training. */
  static final List<String> SLOW =
      List.of(
          "tf1-names-forward-r18_1x_cifar",
          "tf1-names-forward-r50_1x_sk0",
          "tf1-names-forward-r50_1x_sk1",
          "architecture-r18",
          "architecture-r34",
          "architecture-r18-w2-cifar",
          "architecture-r50-cifar",
          "architecture-r50",
          "architecture-r50-se",
          "architecture-r50-sk1",
          "architecture-r101",
          "architecture-r101-sk1",
          "architecture-r152",
          "architecture-r152-sk1",
          "architecture-r50-w2",
          "architecture-r50-w2-sk1",
          "finetune-after0",
          "finetune-after1",
          "finetune-after2",
          "finetune-after3",
          "finetune-all",
          "finetune-lineareval",
          "finetune-proj1-after2",
          "finetune-proj-last-momentum",
          "step-r18-cifar-lars",
          "step-r18-cifar-lars-localbn",
          "step-r18-cifar-lars-nolinear",
          "step-r18-cifar-lars-nonorm",
          "step-r18-cifar-lars-proj2",
          "step-r18-cifar-lars-wd0",
          "step-r18-cifar-momentum",
          "step-r18-cifar-adam",
          "step-r18-cifar-sk-se-lars",
          "step-r18-lars",
          "two-replica-r18-cifar-globalbn",
          "two-replica-r18-cifar-localbn",
          "two-replica-r18-cifar-finetune-globalbn",
          "step-r18-w2-cifar-lars-proj1",
          "step-r50-cifar-lars",
          "step-r50-se-momentum",
          "step-r50-sk1-lars");

  @ParameterizedTest
  @FieldSource("LIGHT")
  void lightFileHolds(String name) {
    assertHolds(golden(name));
  }

  @Tag("slow")
  @ParameterizedTest
  @FieldSource("SLOW")
  void slowFileHolds(String name) {
    assertHolds(golden(name));
  }

  @Tag("slow")
  @Test
  void checkpointOfTheReferenceHolds() {
    assertHolds(TESTDATA.resolve("reference").resolve("expected.json"));
  }

  @Test
  void everyGoldenFileIsInExactlyOneOfTheTables() throws IOException {
    try (Stream<Path> files = Files.list(TESTDATA.resolve("golden"))) {
      List<String> found =
          files
              .map(file -> file.getFileName().toString())
              .filter(file -> file.endsWith(".json"))
              .map(file -> file.substring(0, file.length() - ".json".length()))
              .toList();
      assertThat(Stream.of(LIGHT, SLOW).flatMap(List::stream))
          .containsExactlyInAnyOrderElementsOf(found);
    }
  }

  static Path golden(String name) {
    return TESTDATA.resolve("golden").resolve(name + ".json");
  }

  private static void assertHolds(Path path) {
    FileReport report = GoldenFile.open(path).check();
    assertThat(report.quantities()).isNotEmpty();
    assertThat(report.quantities()).withFailMessage(report::table).allMatch(Quantity::holds);
  }
}
