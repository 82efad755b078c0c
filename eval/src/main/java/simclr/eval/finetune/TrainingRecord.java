package simclr.eval.finetune;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
import simclr.eval.record.CheckpointInfo;
import simclr.eval.record.EncoderInfo;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.record.Procedure;
import simclr.eval.record.Provenance;
import simclr.eval.record.Representation;
import simclr.eval.record.SplitInfo;
import simclr.eval.record.Splits;
import simclr.inference.EncoderFingerprint;
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
    record(evaluated, metrics, dir).write(dir.resolve(FILE));
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

  private static EvaluationRecord record(
      Evaluated evaluated, ClassificationMetrics test, Path dir) {
    RunConfig config = evaluated.config();
    CheckpointFile checkpoint = evaluated.checkpoint();
    Long seed = config.seed().orElse(null);
    String compared = OwnEvaluation.of(config).words();
    return new EvaluationRecord(
        Procedure.of(
            OwnEvaluation.protocol(config),
            Settings.of(config),
            OwnEvaluation.meaning(config),
            compared),
        new Representation(
            layer(config),
            null,
            encoder(config),
            new CheckpointInfo(
                checkpoint.toString(),
                CheckpointFile.sha256(checkpoint.prefix()),
                evaluated.step())),
        new Splits(
            config.dataset(),
            evaluated.train().map(TrainingRecord::split).orElse(null),
            null,
            split(evaluated.test())
                .test(timesEvaluated(dir))
                .evaluated(test.predictions().rows().size())),
        test.measures(config.seed().orElse(0L)),
        Map.of(),
        Provenance.of(
            trust(config, checkpoint, dir),
            seed,
            config.toFlags(),
            evaluated.duration().toMillis() / 1000.0));
  }

  private static String layer(RunConfig config) {
    int index = config.featureIndex();
    if (index == 0) {
      return "final_avg_pool";
    }
    return index == config.projLayers() ? "proj_head_output" : "proj_head_" + index;
  }

  /** The weights that the training began with. */
  private static EncoderInfo encoder(RunConfig config) {
    Optional<CheckpointFile> start = config.checkpoint().flatMap(TrainingRecord::stillThere);
    boolean export =
        start.filter(file -> file.prefix().endsWith("variables/variables")).isPresent();
    return EncoderInfo.of(
        config.checkpoint().isEmpty() ? Kind.RANDOM_INIT : export ? Kind.EXPORT : Kind.CHECKPOINT,
        start.map(CheckpointFile::toString).or(config::checkpoint),
        start.map(file -> CheckpointFile.sha256(file.prefix())),
        OptionalLong.empty(),
        Optional.of(
            String.format(
                Locale.ROOT,
                "ResNet-%d, width %d, sk_ratio %s, se_ratio %s",
                config.resnetDepth(),
                config.widthMultiplier(),
                config.skRatio(),
                config.seRatio())));
  }

  private static Optional<CheckpointFile> stillThere(String checkpoint) {
    try {
      return Optional.of(ModelDir.resolve(checkpoint, line -> {}));
    } catch (UserException e) {
      // It was read when the run began, and may be gone since.
      return Optional.empty();
    }
  }

  private record Settings(
      String optimizer,
      double learningRate,
      double weightDecay,
      int trainEpochs,
      int trainSteps,
      int trainBatchSize,
      int fineTuneAfterBlock,
      String frozenBn,
      double labelFraction,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String trainSubset,
      @Nullable String teacher,
      @Nullable String teacherSha256) {
    static Settings of(RunConfig config) {
      Optional<CheckpointFile> teacher =
          config.distillation().teacher().flatMap(TrainingRecord::stillThere);
      return new Settings(
          config.toFlags().get("optimizer") + "",
          config.learningRate(),
          config.weightDecay(),
          config.trainEpochs(),
          config.trainSteps(),
          config.trainBatchSize(),
          config.fineTuneAfterBlock(),
          config.toFlags().get("frozen_bn") + "",
          config.labelSubset().labelFraction(),
          config.labelSubset().trainSubset().map(Object::toString).orElse(null),
          teacher.map(CheckpointFile::toString).orElse(null),
          teacher.map(file -> CheckpointFile.sha256(file.prefix())).orElse(null));
    }
  }

  private static SplitInfo split(Split split) {
    DataDigest digest = DataDigest.of(split);
    return SplitInfo.of(split.name(), split.examples(), digest.sha256(), digest.of());
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

  private static Map<String, String> trust(RunConfig config, CheckpointFile checkpoint, Path dir) {
    Map<String, String> trust = new LinkedHashMap<>();
    Optional<EncoderFingerprint.Comparison> found =
        EncoderFingerprint.read(dir).map(record -> record.compare(checkpoint));
    if (found.isEmpty()) {
      trust.put(
          "encoder_frozen",
          config.pretraining() ? "no: it was pretrained" : "unknown: the start was not recorded");
    } else {
      EncoderFingerprint.Comparison compared = found.get();
      trust.put("encoder_frozen", verdict(compared));
      trust.put("variables_sha256_before", compared.weightsBefore());
      trust.put("variables_sha256_after", compared.weightsAfter());
      trust.put("statistics_sha256_before", compared.statisticsBefore());
      trust.put("statistics_sha256_after", compared.statisticsAfter());
    }
    trust.put("batch_norm", "moving statistics");
    trust.put(
        "batch_norm_of_frozen_blocks_in_training",
        config.frozenBn() == FrozenBn.FIXED ? "moving statistics" : "batch statistics");
    return trust;
  }

  private static String verdict(EncoderFingerprint.Comparison compared) {
    if (compared.firstChangedWeight().isPresent()) {
      return "no: " + compared.firstChangedWeight().get() + " changed";
    }
    return compared
        .firstChangedStatistic()
        .map(key -> "weights verified; moving statistics moved, first " + key)
        .orElse("verified");
  }
}
