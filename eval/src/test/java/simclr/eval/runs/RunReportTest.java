package simclr.eval.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.eval.finetune.OwnEvaluation;
import simclr.eval.published.TrainingData;
import simclr.eval.published.TrainingData.DataSet;
import simclr.train.run.Run;

/** Reports of a tiny pretraining run. */
final class RunReportTest {
  private static final Map<String, String> TINY =
      Map.ofEntries(
          Map.entry("dataset", "synthetic:train=24,test=20,size=16"),
          Map.entry("eval_split", "test"),
          Map.entry("image_size", "16"),
          Map.entry("resnet_depth", "18"),
          Map.entry("use_blur", "false"),
          Map.entry("train_batch_size", "8"),
          Map.entry("eval_batch_size", "20"),
          Map.entry("train_steps", "2"),
          Map.entry("checkpoint_steps", "1"),
          Map.entry("warmup_epochs", "0"));
  private static final String PROBE =
      """
      {"protocol": "logreg", "layer": "final_avg_pool",
       "encoder": {"kind": "checkpoint"}, "settings": {},
       "dataset": "synthetic", "train": {"split": "train", "examples": 24},
       "test": {"split": "test", "examples": 4, "used": 1},
       "top_1": 0.75, "top_5": null, "mean_per_class": 0.75, "interval": {"top_1": [0.3, 0.95]},
       "per_class": [{"class": "wavy", "examples": 2, "correct": 2},
                     {"class": "<dots>", "examples": 2, "correct": 1}],
       "confusion": [[2, 0], [1, 1]],
       "trust": {"encoder_frozen": "verified"}, "seed": 1}
      """;

  @TempDir static Path shared;
  @TempDir Path dir;

  @BeforeAll
  static void trainTwoSeeds() throws IOException {
    for (String seed : List.of("1", "2")) {
      Path run = shared.resolve("seed" + seed);
      Run.execute(
          RunConfig.of(TINY).with(Map.of("seed", seed, "model_dir", run.toString())),
          Reporter.lines(line -> {}));
      // As an evaluation writes it, without the half minute that it would take.
      Files.writeString(
          run.resolve("result.json"),
          """
          {"eval/regularization_loss": 0.1, "eval/label_top_1_accuracy": 0.%s5,
           "eval/label_top_5_accuracy": 0.6, "global_step": 2.0}
          """
              .formatted(seed));
    }
  }

  @Test
  void aRunIsReportedWithCurvesPicturesAndPublishedNumbers() throws IOException {
    Files.createDirectories(shared.resolve("seed1/eval/logreg"));
    Files.writeString(shared.resolve("seed1/eval/logreg/result.json"), PROBE);

    RunReport report = report(12, shared.resolve("seed1"));
    JsonNode json = new ObjectMapper().readTree(report.json());

    assertThat(report.html())
        .contains("collapse level 2 ln(2N − 1) = 5.42, N = 8", "data:image/png;base64,")
        .contains("PCA of h (test)", "t-SNE of z (test)", "first component, ", "of variance")
        .contains("&lt;dots&gt;, named wavy: 1 of 2", "Table of classes", "verified")
        .contains("Augmented pairs", "Nearest neighbours", "--train_batch_size")
        .contains("No comparison: another data set: synthetic here, ")
        .doesNotContain("<dots>", "NaN", "Infinity", "http:", "https:", "<script");
    JsonNode run = json.at("/runs/0");
    assertThat(run.at("/step").asLong()).isEqualTo(2);
    assertThat(run.at("/curves/train~1contrast_loss")).hasSize(2);
    assertThat(run.at("/data/test").asText()).contains("20 examples");
    assertThat(run.at("/evaluations")).hasSize(2);
    assertThat(run.at("/evaluations/0/examples").asInt()).isEqualTo(20);
    assertThat(run.at("/evaluations/1/mean_per_class").asDouble()).isEqualTo(0.75);
    assertThat(run.at("/evaluations/1/settings/evaluation").asText())
        .isEqualTo("linear, L-BFGS on fixed features");
    assertThat(run.at("/evaluations/1/published/0/difference_points").isNull()).isTrue();
    assertThat(run.at("/evaluations/1/published/0/source").asText()).isNotBlank();
  }

  @Test
  void aProbeOfAllLayersIsARowForEach() throws IOException {
    Path run = Files.createDirectory(dir.resolve("run"));
    Path layers = run.resolve("eval/knn-layers");
    Files.createDirectories(layers.resolve("block_group1"));
    Files.createDirectories(layers.resolve("final_avg_pool"));
    Files.writeString(
        layers.resolve("result.json"),
        """
        {"protocol": "layers", "layers": [{"layer": "block_group1"}, {"layer": "final_avg_pool"}]}
        """);
    String knn =
        PROBE
            .replace("logreg", "knn")
            .replace("\"settings\": {}", "\"settings\": {\"k\": [20], \"temperature\": 0.1}");
    Files.writeString(
        layers.resolve("block_group1/result.json"), knn.replace("final_avg_pool", "block_group1"));
    Files.writeString(layers.resolve("final_avg_pool/result.json"), knn);

    JsonNode rows = new ObjectMapper().readTree(report(0, run).json()).at("/runs/0/evaluations");

    assertThat(rows).as("h first").hasSize(2);
    assertThat(rows.at("/0/evaluation").asText()).isEqualTo("knn, final_avg_pool");
    assertThat(rows.at("/0/published")).isNotEmpty();
    assertThat(rows.at("/1/settings/evaluation").asText())
        .isEqualTo("kNN k=20 cosine, weights exp(cosine / 0.1), on block_group1");
    assertThat(rows.at("/1/published")).as("the papers evaluate h").isEmpty();
  }

  @Test
  void baselinesAreNamedComeLastAndAreNoOtherSeed() throws IOException {
    Path run = Files.createDirectory(dir.resolve("run"));
    Files.copy(shared.resolve("seed2/flags.json"), run.resolve("flags.json"));
    write(run.resolve("eval/a"), PROBE.replace("\"checkpoint\"", "\"random_init\""));
    write(run.resolve("eval/b"), PROBE);
    write(run.resolve("eval/c"), PROBE.replace("\"seed\": 1", "\"seed\": 2"));
    write(run.resolve("eval/d"), PROBE);

    JsonNode json = new ObjectMapper().readTree(report(0, run).json());

    assertThat(json.at("/runs/0/evaluations").findValuesAsText("evaluation"))
        .as("d is b once more")
        .startsWith("logreg, final_avg_pool")
        .endsWith(
            "logreg, final_avg_pool of random weights",
            "linear, L-BFGS on fixed features, of random init");
    assertThat(json.at("/runs/0/evaluations")).hasSize(3);
    assertThat(json.at("/runs/0/evaluations").findValuesAsText("of"))
        .containsExactly("encoder", "encoder", "baseline");
    assertThat(json.at("/runs/0/evaluations/2/published")).isEmpty();
    assertThat(json.at("/several_seeds")).isEmpty();
  }

  @Test
  void theRunsOwnClassifierIsReportedFromItsRecordOfTheSameStep() throws IOException {
    Path run = Files.createDirectory(dir.resolve("run"));
    Files.copy(shared.resolve("seed2/flags.json"), run.resolve("flags.json"));
    Files.copy(shared.resolve("seed2/result.json"), run.resolve("result.json"));
    String record = PROBE.replace("\"seed\": 1", "\"evaluated\": {\"step\": 2}");
    Files.writeString(run.resolve("evaluation.json"), record);

    RunReport report = report(0, run);
    JsonNode row = new ObjectMapper().readTree(report.json()).at("/runs/0/evaluations/0");
    assertThat(row.at("/evaluation").asText()).isEqualTo("online probe");
    assertThat(row.at("/top_1").asDouble()).isEqualTo(0.75);
    assertThat(report.html()).contains("&lt;dots&gt;, named wavy: 1 of 2", "verified");

    Files.writeString(run.resolve("evaluation.json"), record.replace("\"step\": 2", "\"step\": 1"));
    row = new ObjectMapper().readTree(report(0, run).json()).at("/runs/0/evaluations/0");
    assertThat(row.at("/top_1").asDouble()).as("of result.json").isEqualTo(0.25);
  }

  private static void write(Path directory, String record) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("result.json"), record);
  }

  @Test
  void seedsAreSummarisedAndShareCharts() throws IOException {
    RunReport report = report(0, shared.resolve("seed1"), shared.resolve("seed2"));
    JsonNode json = new ObjectMapper().readTree(report.json());

    assertThat(json.at("/several_seeds")).hasSize(1);
    assertThat(json.at("/several_seeds/0/evaluation").asText()).isEqualTo("online probe");
    assertThat(json.at("/several_seeds/0/runs")).hasSize(2);
    assertThat(json.at("/several_seeds/0/top_1").asDouble()).isCloseTo(0.2, within(1e-9));
    assertThat(json.at("/several_seeds/0/top_1_sd").asDouble())
        .isCloseTo(Math.sqrt(0.005), within(1e-9));
    assertThat(report.html())
        .contains("class=\"line c1 d1\"", "seed2, step 1:", "differ in their seed alone")
        .doesNotContain("PCA of h");
  }

  @Test
  void dataThatAreGoneAndCheckpointsThatAreGoneAreSaid() throws IOException {
    Path run = Files.createDirectory(dir.resolve("run"));
    Path whole = shared.resolve("seed2");
    Files.copy(whole.resolve("flags.json"), run.resolve("flags.json"));

    assertThat(report(10, run).html())
        .contains("No pictures of neighbours and no maps: ", "it was not evaluated")
        .contains("There is no evaluation yet");

    String flags = Files.readString(whole.resolve("flags.json"));
    Files.writeString(
        run.resolve("flags.json"),
        flags.replaceFirst("synthetic:[^\"]*", "folder:" + dir.resolve("gone")));
    assertThat(report(10, run).html())
        .contains("the images are not there any more", "gone")
        .doesNotContain("Augmented pairs");
  }

  @Test
  void aSingleEvaluationIsReportedToo() throws IOException {
    Files.writeString(dir.resolve("result.json"), PROBE);

    assertThat(report(10, dir).html()).contains("logreg, final_avg_pool", "A run; ");
  }

  @Test
  void whatCannotBeReportedIsNamed() throws IOException {
    Path empty = Files.createDirectory(dir.resolve("empty"));
    Path broken = Files.createDirectory(dir.resolve("broken"));
    Files.writeString(broken.resolve("result.json"), "{\"a\": 1,\n  oops}");
    Path flags = Files.createDirectory(dir.resolve("flags"));
    Files.writeString(flags.resolve("flags.json"), "{\"temperature\": -1}");
    Path matrix = Files.createDirectory(dir.resolve("matrix"));
    Files.writeString(
        matrix.resolve("result.json"), PROBE.replace("[[2, 0], [1, 1]]", "[[2, 0], [1]]"));

    refused(dir.resolve("none"), "none is not a directory, expected the model_dir of a run");
    refused(empty, "empty holds nothing to report, expected flags.json");
    refused(broken, "result.json line 2 column ");
    refused(flags, "flags.json: --temperature is -1.0, expected a finite value above 0");
    refused(matrix, "has 2 rows of confusion and 2 classes, expected a square of counts");
  }

  @Test
  void pageAndJsonAreWrittenBesideEachOther() {
    RunReport report = report(0, shared.resolve("seed2"));

    Path json = report.write(dir.resolve("page.html"));

    assertThat(json).isEqualTo(dir.resolve("page.json")).content().isEqualTo(report.json());
    assertThat(dir.resolve("page.html")).content().isEqualTo(report.html());
    assertThatThrownBy(() -> report.write(dir.resolve("none/page.html")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("none/page.html, expected a file in a directory that is there");
  }

  @Test
  void aReportThatIsStoppedIsNone() {
    assertThat(
            RunReport.of(
                List.of(shared.resolve("seed2")),
                Optional.empty(),
                10,
                Reporter.lines(line -> {}),
                () -> true))
        .isEmpty();
  }

  @Test
  void onlyAWholeDataSetHasItsPublishedName() {
    assertThat(dataset("cifar10:3.0.2", 50_000, 10_000)).isEqualTo("CIFAR-10");
    assertThat(dataset("cifar10", 5_000, 1_000))
        .isEqualTo("CIFAR-10, 5,000 training images and 1,000 test images");
    assertThat(
            words(
                RunConditions.dataset("imagenet2012", OptionalLong.empty(), OptionalLong.empty())))
        .isEqualTo("ImageNet, of unknown size");
    assertThat(dataset("imagenet2012", 1_281_167, 50_000)).isEqualTo("ImageNet");
    assertThat(dataset("imagenet2012_subset/1pct", 12_811, 50_000)).isEqualTo("ImageNet");
    assertThat(dataset("imagenet2012_subset/1pct", 100, 50_000))
        .isEqualTo("ImageNet, 100 training images and 50,000 test images");
    assertThat(dataset("folder:photos", 10, 10)).isEqualTo("own images");
  }

  /** A tenth of the labels must never stand beside a result that took all. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "--checkpoint=c => fine-tuned on 100 % of the labels",
        "--checkpoint=c --label_fraction=0.1 => fine-tuned on 10 % of the labels",
        "--checkpoint=c --label_fraction=0.07 => fine-tuned on 7 % of the labels",
        "--checkpoint=c --dataset=imagenet2012_subset/1pct => fine-tuned on 1 % of the labels",
        "--checkpoint=c --train_split=train[:50%] => fine-tuned on split train[:50%]",
        "--checkpoint=c --train_subset=l.txt => fine-tuned on the images of l.txt",
        "--checkpoint=c --fine_tune_after_block=4 => linear, SGD with crop and flip",
        "--checkpoint=c --fine_tune_after_block=4 --label_fraction=0.01"
            + " => linear, SGD with crop and flip, on 1 % of the labels",
        "--label_fraction=0.1 => supervised from scratch on 10 % of the labels",
        "--teacher=t => distilled"
      })
  void evaluationNamesTheLabelsThatWereLearntFrom(String given, String words) {
    Map<String, String> flags = new HashMap<>(Map.of("train_mode", "finetune"));
    for (String flag : Splitter.on(' ').split(given)) {
      flags.put(flag.replaceAll("^--|=.*", ""), flag.replaceFirst("^[^=]*=", ""));
    }
    assertThat(OwnEvaluation.of(RunConfig.of(flags)).words()).isEqualTo(words);
  }

  private static String dataset(String name, long train, long test) {
    return words(RunConditions.dataset(name, OptionalLong.of(train), OptionalLong.of(test)));
  }

  private static String words(DataSet set) {
    return TrainingData.of(set).words();
  }

  private static void refused(Path run, String sentence) {
    assertThatThrownBy(() -> report(0, run))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(sentence)
        .message()
        .doesNotContain("\n");
  }

  private static RunReport report(int sample, Path... runs) {
    return RunReport.of(
            List.of(runs), Optional.empty(), sample, Reporter.lines(line -> {}), () -> false)
        .orElseThrow();
  }
}
