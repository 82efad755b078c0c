package simclr.tools;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.EncoderChoice;
import simclr.eval.features.EncoderFeatures;
import simclr.eval.features.FeatureDtype;
import simclr.eval.features.FeatureSource;
import simclr.eval.features.PrecomputedFeatures;
import simclr.eval.record.EncoderInfo;

/** What all protocols are given: where examples come from and where results go. */
@Command
final class ProbeInputs {
  /** Besides the groups of the model and the device. */
  private static final Set<String> FLAGS =
      Set.of(
          "model_dir",
          "checkpoint",
          "partial",
          "train_mode",
          "lineareval_while_pretraining",
          "dataset",
          "data_dir",
          "train_split",
          "eval_split",
          "eval_batch_size",
          "cache_dataset",
          "image_size",
          "seed");

  private final RunFlags flags;

  /** Values of {@code --encoder}. */
  enum EncoderKind {
    CHECKPOINT,
    RANDOM_INIT,
    RAW_PIXELS
  }

  @Option(
      names = "--encoder",
      paramLabel = "checkpoint|random_init|raw_pixels",
      description =
          "Whose weights: those of --model_dir or --checkpoint; those that training with --seed"
              + " starts from; or none, the pixels themselves. Default: checkpoint.")
  private EncoderKind encoder = EncoderKind.CHECKPOINT;

  @Option(
      names = "--export",
      paramLabel = "<dir>",
      description = "An export instead of a checkpoint: a version, or the directory of all.")
  private Optional<Path> export = Optional.empty();

  @Option(
      names = "--layer",
      paramLabel = "<name>",
      description =
          "block_group1 to 4, final_avg_pool (h), proj_head_1 and so on, proj_head_output (z)."
              + " Default: final_avg_pool.")
  private Optional<String> layer = Optional.empty();

  @Option(
      names = "--validation_split",
      paramLabel = "<split>",
      description = "Split to choose settings on. Default: a part of --train_split.")
  private Optional<String> validationSplit = Optional.empty();

  @Option(
      names = "--features_precision",
      paramLabel = "float32|bfloat16",
      description = "Number format of representations in files. Default: float32.")
  private FeatureDtype featuresPrecision = FeatureDtype.FLOAT32;

  @Option(
      names = "--features_dir",
      paramLabel = "<dir>",
      description =
          "Where representations are kept for the next protocol. Default: features below the"
              + " results.")
  private Optional<Path> featuresDir = Optional.empty();

  @Option(
      names = "--train_features",
      paramLabel = "<file>",
      description = "Ready features instead of an encoder: a .npy file, one row an example.")
  private Optional<Path> trainFeatures = Optional.empty();

  @Option(
      names = "--train_labels",
      paramLabel = "<file>",
      description =
          "Their classes, a .npy file: indices of int32 or int64; or a matrix (examples, classes)"
              + " of 0 and 1 where an example may have several, which logreg measures by 11-point"
              + " mAP.")
  private Optional<Path> trainLabels = Optional.empty();

  @Option(
      names = "--test_features",
      paramLabel = "<file>",
      description = "Features to test on: a .npy file, one row an example.")
  private Optional<Path> testFeatures = Optional.empty();

  @Option(
      names = "--test_labels",
      paramLabel = "<file>",
      description = "Classes of --test_features, in the form of --train_labels.")
  private Optional<Path> testLabels = Optional.empty();

  @Option(
      names = "--validation_features",
      paramLabel = "<file>",
      description = "Features to choose settings on: a .npy file, one row an example.")
  private Optional<Path> validationFeatures = Optional.empty();

  @Option(
      names = "--validation_labels",
      paramLabel = "<file>",
      description = "Classes of --validation_features, in the form of --train_labels.")
  private Optional<Path> validationLabels = Optional.empty();

  @Option(
      names = "--seeds",
      paramLabel = "<long>",
      split = ",",
      description =
          "Seeds of what is random in a protocol, as in 1,2,3: one evaluation each, and mean and"
              + " deviation over them. Default: 1.")
  private List<Long> seeds = List.of(1L);

  @Option(
      names = "--output",
      paramLabel = "<dir>",
      description =
          "Directory of result.json and predictions.csv, or scores.npy where an example may have"
              + " several classes. Default: under --model_dir/eval.")
  private Optional<Path> output = Optional.empty();

  @Mixin private final TimeLimitOptions limits = new TimeLimitOptions();

  ProbeInputs(String command) {
    this.flags =
        RunFlags.some(
            command,
            (name, group) ->
                group.equals("Model") || group.equals("Device") || FLAGS.contains(name));
  }

  RunFlags flags() {
    return flags;
  }

  /** The layer that was asked for. */
  Optional<String> layer() {
    return layer;
  }

  ImmutableList<Long> seeds() {
    return ImmutableList.copyOf(seeds);
  }

  /** The directory that was asked for. */
  Optional<Path> output() {
    return output;
  }

  /** Opens what was given; the caller closes it. */
  FeatureSource source(Reporter reporter) {
    Optional<PrecomputedFeatures.Files> train =
        PrecomputedFeatures.Files.of("train", trainFeatures, trainLabels);
    Optional<PrecomputedFeatures.Files> test =
        PrecomputedFeatures.Files.of("test", testFeatures, testLabels);
    Optional<PrecomputedFeatures.Files> validation =
        PrecomputedFeatures.Files.of("validation", validationFeatures, validationLabels);
    if (train.isPresent() && test.isPresent()) {
      Map<String, String> given = flags.given();
      if (!given.isEmpty()) {
        throw new UserException(
            ExitCode.USAGE,
            "--%s is given with --train_features, expected ready features or an encoder",
            given.keySet().iterator().next());
      }
      return new PrecomputedFeatures(train.get(), validation, test.get());
    }
    if (train.isPresent() || test.isPresent() || validation.isPresent()) {
      throw new UserException(
          ExitCode.USAGE,
          "--%s_features is missing, expected .npy files for training and for testing",
          train.isPresent() ? "test" : "train");
    }
    return EncoderFeatures.open(choice(), reporter);
  }

  private EncoderChoice choice() {
    return new EncoderChoice(
        export.isPresent() && encoder == EncoderKind.CHECKPOINT
            ? EncoderInfo.Kind.EXPORT
            : EncoderInfo.Kind.valueOf(encoder.name()),
        ImmutableMap.copyOf(flags.given()),
        export,
        validationSplit,
        featuresDir,
        output,
        featuresPrecision,
        limits.limits());
  }
}
