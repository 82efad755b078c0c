package simclr.tools;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.FeatureSource;
import simclr.eval.features.ReadyFeatures;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.ProbeRun;
import simclr.train.Reporter;

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

  @Option(
      names = "--train_features",
      paramLabel = "<file>",
      description = "Ready features instead of an encoder: a .npy file, one row an example.")
  private Optional<Path> trainFeatures = Optional.empty();

  @Option(
      names = "--train_labels",
      paramLabel = "<file>",
      description = "Their class indices, a .npy file of int32 or int64.")
  private Optional<Path> trainLabels = Optional.empty();

  @Option(names = "--test_features", paramLabel = "<file>", description = "The same for testing.")
  private Optional<Path> testFeatures = Optional.empty();

  @Option(names = "--test_labels", paramLabel = "<file>", description = "The same for testing.")
  private Optional<Path> testLabels = Optional.empty();

  @Option(
      names = "--validation_features",
      paramLabel = "<file>",
      description = "The same for choosing settings.")
  private Optional<Path> validationFeatures = Optional.empty();

  @Option(
      names = "--validation_labels",
      paramLabel = "<file>",
      description = "The same for choosing settings.")
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
      description = "Directory of result.json and predictions.csv. Default: under --model_dir/eval.")
  private Optional<Path> output = Optional.empty();

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

  String layer() {
    return FeatureSource.READY;
  }

  String name(Protocol protocol) {
    return protocol.command() + "-" + layer();
  }

  ProbeRun run(Protocol protocol, String name, Reporter reporter) {
    FeatureSource source = source(reporter);
    Optional<Path> directory = output.or(() -> source.defaultOutput(name));
    return new ProbeRun(source, protocol, ImmutableList.copyOf(seeds), directory);
  }

  private FeatureSource source(Reporter reporter) {
    Optional<ReadyFeatures.Files> train =
        ReadyFeatures.Files.of("train", trainFeatures, trainLabels);
    Optional<ReadyFeatures.Files> test = ReadyFeatures.Files.of("test", testFeatures, testLabels);
    Optional<ReadyFeatures.Files> validation =
        ReadyFeatures.Files.of("validation", validationFeatures, validationLabels);
    if (train.isPresent() && test.isPresent()) {
      Map<String, String> given = flags.given();
      if (!given.isEmpty()) {
        throw new UserException(
            ExitCode.USAGE,
            "--%s is given with --train_features, expected ready features or an encoder",
            given.keySet().iterator().next());
      }
      return new ReadyFeatures(train.get(), validation, test.get());
    }
    if (train.isPresent() || test.isPresent() || validation.isPresent()) {
      throw new UserException(
          ExitCode.USAGE,
          "--%s_features is missing, expected .npy files for training and for testing",
          train.isPresent() ? "test" : "train");
    }
    throw new UserException(ExitCode.USAGE, "nothing to evaluate is given");
  }
}
