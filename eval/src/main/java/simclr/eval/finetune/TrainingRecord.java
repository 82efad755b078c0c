package simclr.eval.finetune;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.config.LocalPath;
import simclr.config.RunConfig;
import simclr.config.RunConfig.FrozenBn;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Split;
import simclr.eval.features.DataDigest;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.metrics.Predictions;
import simclr.eval.metrics.RecordedMetrics;
import simclr.inference.EncoderRecord;
import simclr.io.DurableFiles;
import simclr.train.evaluate.EvaluationListener;

/**
 * Writes what lets a reader trust an evaluation of a run's own classifier: {@value #FILE} and
 * {@code predictions.csv} beside the reference's {@code result.json}, in the shape of the results
 * of {@code probe}.
 */
public final class TrainingRecord implements EvaluationListener {
  /** The name in the run's directory. */
  public static final String FILE = "evaluation.json";

  private static final int TOP = 5;

  @Override
  public void evaluated(Evaluated evaluated) {
    Path dir = LocalPath.of(evaluated.config().requiredModelDir(), "--model_dir");
    ClassificationMetrics metrics =
        ClassificationMetrics.ofPredictions(predictions(evaluated), evaluated.labels());
    metrics.writeAnswers(dir);
    try {
      String text =
          new ObjectMapper()
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(json(evaluated, metrics, dir));
      DurableFiles.write(dir.resolve(FILE), (text + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Predictions predictions(Evaluated evaluated) {
    Answers answers = evaluated.answers();
    boolean top5 = ClassificationMetrics.topFiveMeansSomething(evaluated.labels().size());
    return new Predictions(
        IntStream.range(0, answers.labels().length())
            .mapToObj(
                i ->
                    new Predictions.Row(
                        answers.labels().get(i),
                        answers.predicted().get(i),
                        top5 ? Optional.of(answers.ranks().get(i) < TOP) : Optional.empty()))
            .collect(ImmutableList.toImmutableList()));
  }

  private static ObjectNode json(Evaluated evaluated, ClassificationMetrics test, Path dir) {
    RunConfig config = evaluated.config();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("protocol", protocol(config));
    json.put("layer", layer(config));
    encoder(json.putObject("encoder"), config);
    ObjectNode classifier = json.putObject("evaluated");
    classifier.put("path", evaluated.checkpoint().toString());
    classifier.put("sha256", CheckpointFile.sha256(evaluated.checkpoint().prefix()));
    classifier.put("step", evaluated.step());
    settings(json.putObject("settings"), config);
    json.put("dataset", config.dataset());
    if (evaluated.train().isPresent()) {
      split(json.putObject("train"), evaluated.train().get());
    } else {
      json.putNull("train");
    }
    json.putNull("validation");
    split(json.putObject("test"), evaluated.test())
        .put("used", timesEvaluated(dir))
        .put("examples_evaluated", test.predictions().rows().size());
    test.addFigures(json, config.seed().orElse(0L));
    test.addTables(json);
    trust(json.putObject("trust"), config, evaluated.checkpoint(), dir);
    json.put("seed", config.seed().orElse(null));
    json.set("flags", new ObjectMapper().valueToTree(config.toFlags()));
    RecordedMetrics.addVersions(json);
    json.put("seconds", evaluated.duration().toMillis() / 1000.0);
    return json;
  }

  private static String protocol(RunConfig config) {
    if (config.pretraining()) {
      return "online_probe";
    } else if (config.distillation().teacher().isPresent()) {
      return "distillation";
    } else if (config.fineTuneAfterBlock() == 4) {
      return "linear_sgd";
    }
    return config.checkpoint().isPresent() ? "fine_tuning" : "supervised";
  }

  private static String layer(RunConfig config) {
    int index = config.featureIndex();
    if (index == 0) {
      return "final_avg_pool";
    }
    return index == config.projLayers() ? "proj_head_output" : "proj_head_" + index;
  }

  /** The weights that the training began with. */
  private static void encoder(ObjectNode json, RunConfig config) {
    Optional<CheckpointFile> start = config.checkpoint().flatMap(TrainingRecord::stillThere);
    boolean export =
        start.filter(file -> file.prefix().endsWith(Path.of("variables", "variables"))).isPresent();
    json.put(
        "kind", config.checkpoint().isEmpty() ? "random_init" : export ? "export" : "checkpoint");
    json.put("path", start.map(CheckpointFile::toString).or(config::checkpoint).orElse(null));
    json.put("sha256", start.map(file -> CheckpointFile.sha256(file.prefix())).orElse(null));
    json.put(
        "architecture",
        String.format(
            Locale.ROOT,
            "ResNet-%d, width %d, sk_ratio %s, se_ratio %s",
            config.resnetDepth(),
            config.widthMultiplier(),
            config.skRatio(),
            config.seRatio()));
  }

  private static Optional<CheckpointFile> stillThere(String checkpoint) {
    try {
      return Optional.of(ModelDir.resolve(checkpoint, line -> {}));
    } catch (UserException e) {
      // It was read when the run began, and may be gone since.
      return Optional.empty();
    }
  }

  private static void settings(ObjectNode json, RunConfig config) {
    json.put("optimizer", config.toFlags().get("optimizer") + "");
    json.put("learning_rate", config.learningRate());
    json.put("weight_decay", config.weightDecay());
    json.put("train_epochs", config.trainEpochs());
    json.put("train_steps", config.trainSteps());
    json.put("train_batch_size", config.trainBatchSize());
    json.put("fine_tune_after_block", config.fineTuneAfterBlock());
    json.put("frozen_bn", config.toFlags().get("frozen_bn") + "");
    json.put("label_fraction", config.labelSubset().labelFraction());
    json.put("train_subset", config.labelSubset().trainSubset().orElse(null));
    config
        .distillation()
        .teacher()
        .flatMap(TrainingRecord::stillThere)
        .ifPresent(
            teacher ->
                json.put("teacher", teacher.toString())
                    .put("teacher_sha256", CheckpointFile.sha256(teacher.prefix())));
  }

  private static ObjectNode split(ObjectNode json, Split split) {
    DataDigest digest = DataDigest.of(split);
    return json.put("split", split.name())
        .put("examples", split.examples())
        .put("sha256", digest.sha256())
        .put("sha256_of", digest.of());
  }

  /** Every checkpoint that was evaluated has left a file with its step. */
  private static long timesEvaluated(Path dir) {
    try (Stream<Path> files = Files.list(dir)) {
      return files
          .filter(file -> file.getFileName().toString().matches("result_\\d+\\.json"))
          .count();
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be listed (%s)", dir, e);
    }
  }

  private static void trust(
      ObjectNode json, RunConfig config, CheckpointFile checkpoint, Path dir) {
    Optional<EncoderRecord.Comparison> found =
        EncoderRecord.read(dir).map(record -> record.compare(checkpoint));
    if (found.isEmpty()) {
      json.put(
          "encoder_frozen",
          config.pretraining() ? "no: it was pretrained" : "unknown: the start was not recorded");
    } else {
      EncoderRecord.Comparison compared = found.get();
      json.put("encoder_frozen", verdict(compared));
      json.put("variables_sha256_before", compared.weightsBefore());
      json.put("variables_sha256_after", compared.weightsAfter());
      json.put("statistics_sha256_before", compared.statisticsBefore());
      json.put("statistics_sha256_after", compared.statisticsAfter());
    }
    json.put("batch_norm", "moving statistics");
    json.put(
        "batch_norm_of_frozen_blocks_in_training",
        config.frozenBn() == FrozenBn.FIXED ? "moving statistics" : "batch statistics");
  }

  private static String verdict(EncoderRecord.Comparison compared) {
    if (compared.firstChangedWeight().isPresent()) {
      return "no: " + compared.firstChangedWeight().get() + " changed";
    }
    return compared
        .firstChangedStatistic()
        .map(key -> "weights verified; moving statistics moved, first " + key)
        .orElse("verified");
  }
}
