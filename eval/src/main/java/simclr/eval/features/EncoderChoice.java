package simclr.eval.features;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.FlagsFile;
import simclr.checkpoint.ModelDir;
import simclr.config.LocalPath;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.export.bundle.TimeLimits;
import simclr.export.savedmodel.GuessedFlags;

/**
 * Which encoder is measured on which data.
 *
 * <p>Flags are those of the {@code flags.json} beside the checkpoint; without one the model is told
 * from the checkpoint's tensors. Those that are given go before both.
 *
 * @param kind where weights come from
 * @param given flags of a run, by name
 * @param export of {@link Kind#EXPORT}
 * @param validationSplit to choose settings on
 * @param featuresDir where features are kept; empty for a place below the results
 * @param output where results go; empty for a place below {@code --model_dir}
 * @param limits how long an export may take
 */
public record EncoderChoice(
    Kind kind,
    ImmutableMap<String, String> given,
    Optional<Path> export,
    Optional<String> validationSplit,
    Optional<Path> featuresDir,
    Optional<Path> output,
    FeatureDtype dtype,
    TimeLimits limits) {
  private static final String MODEL_DIR = "model_dir";
  private static final String CHECKPOINT = "checkpoint";

  public EncoderChoice {
    boolean modelDir = given.containsKey(MODEL_DIR);
    boolean checkpoint = given.containsKey(CHECKPOINT);
    if (export.isPresent() && (modelDir || checkpoint || kind != Kind.EXPORT)) {
      throw usage("--export is given with %s, expected one encoder", other(kind, modelDir));
    }
    if (modelDir && checkpoint) {
      throw usage("--model_dir and --checkpoint are both given, expected one of them");
    }
    if (kind == Kind.CHECKPOINT && !modelDir && !checkpoint) {
      throw usage(
          "no encoder is given, expected --model_dir, --checkpoint, --export,"
              + " --encoder=random_init, --encoder=raw_pixels, or --train_features and the like");
    }
    if (kind != Kind.CHECKPOINT && checkpoint) {
      throw usage(
          "--checkpoint is given with --encoder=%s, expected --encoder=checkpoint", kind.label());
    }
    if (output.isEmpty() && !modelDir) {
      throw usage("--output is missing, expected a directory for results and features");
    }
  }

  /** An encoder of a run, on the data and with all settings of that run. */
  public static EncoderChoice ofRun(Kind kind, Path modelDir) {
    return new EncoderChoice(
        kind,
        ImmutableMap.of(MODEL_DIR, modelDir.toString()),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        FeatureDtype.FLOAT32,
        TimeLimits.DEFAULT);
  }

  /** The checkpoint that is meant; none for other kinds of encoder. */
  Optional<CheckpointFile> checkpoint(Reporter reporter) {
    if (kind != Kind.CHECKPOINT) {
      return Optional.empty();
    }
    String flag = given.containsKey(MODEL_DIR) ? MODEL_DIR : CHECKPOINT;
    return Optional.of(ModelDir.find("--" + flag, given.getOrDefault(flag, ""), reporter::line));
  }

  /** All flags of model and data. */
  RunConfig config(Optional<CheckpointFile> checkpoint, Reporter reporter) {
    Optional<Path> run =
        checkpoint
            .map(file -> file.prefix().toAbsolutePath().resolveSibling(".").normalize())
            .or(
                () ->
                    Optional.ofNullable(given.get(MODEL_DIR))
                        .map(dir -> LocalPath.of(dir, "--" + MODEL_DIR)));
    Optional<FlagsFile> recorded = run.flatMap(FlagsFile::read);
    Map<String, String> flags = new LinkedHashMap<>();
    if (recorded.isPresent()) {
      flags.putAll(recorded.get().flags());
    } else if (checkpoint.isPresent()) {
      flags.putAll(GuessedFlags.of(checkpoint.get(), reporter::line));
    }
    flags.putAll(given);
    flags.remove(CHECKPOINT);
    return RunConfig.of(flags);
  }

  /** Where the results of evaluations lie unless they are sent elsewhere. */
  Optional<Path> evaluations() {
    return Optional.ofNullable(given.get(MODEL_DIR))
        .map(dir -> LocalPath.of(dir, "--" + MODEL_DIR).resolve("eval"));
  }

  Path features() {
    return featuresDir
        .or(() -> output.map(EncoderFeatures::below))
        .or(() -> evaluations().map(EncoderFeatures::below))
        .orElseThrow();
  }

  private static String other(Kind kind, boolean modelDir) {
    return modelDir
        ? "--model_dir"
        : kind == Kind.EXPORT ? "--checkpoint" : "--encoder=" + kind.label();
  }

  private static UserException usage(String template, Object... args) {
    return new UserException(ExitCode.USAGE, template, args);
  }
}
