package simclr.export.savedmodel;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import simclr.checkpoint.Architecture;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.FlagsFile;
import simclr.checkpoint.ModelDir;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;

/**
 * What is exported: the weights of a checkpoint, in the model that the flags describe.
 *
 * @param config the model's flags; it is exported in float32 whatever the run computed in
 * @param checkpoint the weights
 * @param numClasses of the supervised head; 0 where there is none
 * @param labels names of the classes in the order of the logits; empty if they are not known
 */
public record ExportSource(
    RunConfig config, CheckpointFile checkpoint, int numClasses, ImmutableList<String> labels) {

  /** What an export computes with: as the release, and alike on every machine. */
  private static final Map<String, String> PORTABLE =
      Map.of("precision", "float32", "device", "cpu", "replicas", "1");

  public ExportSource {
    checkArgument(
        labels.isEmpty() || labels.size() == numClasses,
        "%s labels for %s classes",
        labels.size(),
        numClasses);
    config = config.with(PORTABLE);
  }

  /**
   * The checkpoint of a run, in the model of its flags.
   *
   * @param labels empty if they are not known
   * @throws UserException DATA if there is a name too many or too few
   */
  public static ExportSource of(
      RunConfig config, CheckpointFile checkpoint, ImmutableList<String> labels) {
    int classes = Architecture.of(checkpoint).numClasses();
    boolean supervised = config.wantsSupervisedHead() && classes > 0;
    if (!labels.isEmpty() && labels.size() != classes) {
      throw new UserException(
          ExitCode.DATA,
          "%s has a head of %s classes and there are %s labels, expected one for each class",
          checkpoint,
          classes,
          labels.size());
    }
    return new ExportSource(
        config, checkpoint, supervised ? classes : 0, supervised ? labels : ImmutableList.of());
  }

  /**
   * The newest whole checkpoint of a run's directory, in the model of its {@code flags.json}.
   *
   * @param say told what was found, chosen and left out
   * @throws UserException NO_INPUT if there is no checkpoint, DATA if none is whole
   */
  public static ExportSource ofModelDir(Path dir, Consumer<String> say) {
    CheckpointFile newest = ModelDir.find("--model_dir", dir.toString(), say);
    return ofCheckpoint(newest, Map.of(), Optional.empty(), say);
  }

  /**
   * A checkpoint, in the model of the {@code flags.json} beside it; where there is none, in the one
   * that its tensors show.
   *
   * @param given flags that go before recorded and guessed ones
   * @param labels a file with one class name a line; without it the names are those of the data
   *     that the flags record, if they are still there
   * @param say told what was found, chosen and left out
   */
  public static ExportSource ofCheckpoint(
      CheckpointFile checkpoint,
      Map<String, String> given,
      Optional<Path> labels,
      Consumer<String> say) {
    Path dir = checkpoint.prefix().toAbsolutePath().resolveSibling(".").normalize();
    Optional<FlagsFile> recorded = FlagsFile.read(dir);
    Map<String, String> flags =
        new LinkedHashMap<>(
            recorded.map(FlagsFile::flags).orElseGet(() -> GuessedFlags.of(checkpoint, say)));
    flags.putAll(given);
    ExportSource unnamed = of(RunConfig.of(flags), checkpoint, ImmutableList.of());
    if (labels.isPresent()) {
      return of(unnamed.config, checkpoint, ClassNames.read(labels.get()));
    }
    return unnamed.numClasses > 0 && recorded.isPresent()
        ? of(unnamed.config, checkpoint, ClassNames.ofData(unnamed.config, unnamed.numClasses, say))
        : unnamed;
  }

  /**
   * The model as evaluation runs it: what an export is written from and compared with.
   *
   * @throws UserException DATA if the checkpoint is of another model, corrupt or truncated
   */
  RestoredModel open() {
    return RestoredModel.open(ModelSpec.fed(config, numClasses), checkpoint);
  }

  /** Whether z differs from h. */
  boolean hasProjection() {
    return config.projLayers() > 0;
  }
}
