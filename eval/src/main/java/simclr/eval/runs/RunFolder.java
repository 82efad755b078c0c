package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import simclr.checkpoint.FlagsFile;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.finetune.TrainingRecord;
import simclr.eval.record.CheckpointInfo;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.record.LayersRecord;
import simclr.eval.record.RecordJson;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;

/**
 * What a run left in its directory.
 *
 * @param path as the user named it
 * @param name to tell it from other runs on the page
 * @param config its flags; empty where there is no {@code flags.json}
 * @param history its curves
 * @param ownResult the reference's {@code result.json}; empty if the run was not evaluated
 * @param ownRecord our record of the same evaluation; empty if there is none or of another step
 * @param evaluations what the probes left below {@code eval/}, or this directory itself if it is
 *     one
 */
record RunFolder(
    Path path,
    String name,
    Optional<RunConfig> config,
    ScalarHistory history,
    Optional<ReferenceResult> ownResult,
    Optional<EvaluationRecord> ownRecord,
    ImmutableList<EvaluationRecord> evaluations) {
  private static final String EVALUATIONS = "eval";

  /**
   * Reads a directory.
   *
   * @throws UserException NO_INPUT if it is not there or holds nothing to report, DATA if a file of
   *     it is broken
   */
  static RunFolder read(Path path, String name) {
    if (!Files.isDirectory(path)) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is not a directory, expected the model_dir of a run", path);
    }
    Path file = path.resolve(EvaluationRecord.FILE);
    Optional<ReferenceResult> result =
        Files.exists(file)
            ? Optional.of(RecordJson.read(file, ReferenceResult.class))
            : Optional.empty();
    boolean evaluation = result.map(ReferenceResult::protocol).isPresent();
    RunFolder run =
        new RunFolder(
            path,
            name,
            FlagsFile.read(path).map(flags -> config(path, flags)),
            ScalarHistory.of(path),
            evaluation ? Optional.empty() : result,
            evaluation ? Optional.empty() : result.flatMap(found -> ownRecord(path, found)),
            evaluation ? ImmutableList.of(EvaluationRecord.read(file)) : evaluations(path));
    if (run.config().isEmpty()
        && run.ownResult().isEmpty()
        && run.evaluations().isEmpty()
        && Stream.of(Tag.values()).allMatch(tag -> run.curve(tag).isEmpty())) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s holds nothing to report, expected flags.json, event files, result.json or"
              + " eval/<name>/result.json of a run",
          path);
    }
    return run;
  }

  private static Optional<EvaluationRecord> ownRecord(Path path, ReferenceResult result) {
    Path file = path.resolve(TrainingRecord.FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    EvaluationRecord record = EvaluationRecord.read(file);
    CheckpointInfo evaluated = record.representation().evaluated();
    Double step = result.globalStep();
    return evaluated != null && step != null && evaluated.step() == step.longValue()
        ? Optional.of(record)
        : Optional.empty();
  }

  private static RunConfig config(Path path, FlagsFile flags) {
    try {
      return RunConfig.of(flags.flags());
    } catch (UserException e) {
      throw new UserException(
          ExitCode.DATA, "%s: %s", path.resolve("flags.json"), String.valueOf(e.getMessage()));
    }
  }

  private static ImmutableList<EvaluationRecord> evaluations(Path path) {
    Path base = path.resolve(EVALUATIONS);
    if (!Files.isDirectory(base)) {
      return ImmutableList.of();
    }
    List<EvaluationRecord> found = new ArrayList<>();
    try (Stream<Path> children = Files.list(base)) {
      // An evaluation that is under way has no record yet.
      children
          .sorted()
          .flatMap(RunFolder::withLayers)
          .map(directory -> directory.resolve(EvaluationRecord.FILE))
          .filter(Files::exists)
          .map(EvaluationRecord::read)
          // The same evaluation may lie alone and among those of all layers.
          .filter(record -> found.stream().noneMatch(record::sameResult))
          .forEach(found::add);
      return ImmutableList.copyOf(found);
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", base, e);
    }
  }

  /** A probe of all layers has a directory for each of them, named in its record. */
  private static Stream<Path> withLayers(Path directory) {
    return Files.exists(directory.resolve(EvaluationRecord.FILE))
        ? LayersRecord.directories(directory).map(List::stream).orElse(Stream.of(directory))
        : Stream.empty();
  }

  /** The same run whose data sets lie elsewhere now. */
  RunFolder withDataDir(Optional<String> dataDir) {
    return dataDir.isEmpty()
        ? this
        : new RunFolder(
            path,
            name,
            config.map(flags -> flags.with(Map.of("data_dir", dataDir.get()))),
            history,
            ownResult,
            ownRecord,
            evaluations);
  }

  ImmutableSortedMap<Long, Float> curve(Tag tag) {
    return history.curve(tag);
  }

  /** The last step that was logged or evaluated; empty if none was. */
  OptionalLong step() {
    OptionalLong logged =
        Stream.of(Tag.values())
            .map(this::curve)
            .filter(curve -> !curve.isEmpty())
            .mapToLong(ImmutableSortedMap::lastKey)
            .max();
    Double evaluated = ownResult.map(ReferenceResult::globalStep).orElse(null);
    return logged.isPresent() || evaluated == null
        ? logged
        : OptionalLong.of(evaluated.longValue());
  }
}
