package simclr.eval.runs;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import simclr.config.FlagsFile;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.compare.StoredEvaluation;
import simclr.eval.finetune.TrainingRecord;
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
    Optional<JsonNode> ownResult,
    Optional<StoredEvaluation> ownRecord,
    ImmutableList<StoredEvaluation> evaluations) {
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
          ExitCode.NO_INPUT, "%s is no directory, expected the model_dir of a run", path);
    }
    Path record = path.resolve(StoredEvaluation.RESULT);
    Optional<JsonNode> result =
        Files.exists(record) ? Optional.of(StoredEvaluation.json(record)) : Optional.empty();
    boolean evaluation = result.isPresent() && result.get().has("protocol");
    RunFolder run =
        new RunFolder(
            path,
            name,
            FlagsFile.read(path).map(flags -> config(path, flags)),
            ScalarHistory.of(path),
            evaluation ? Optional.empty() : result,
            evaluation ? Optional.empty() : result.flatMap(found -> ownRecord(path, found)),
            evaluation ? ImmutableList.of(StoredEvaluation.read(path)) : evaluations(path));
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

  private static Optional<StoredEvaluation> ownRecord(Path path, JsonNode result) {
    Path record = path.resolve(TrainingRecord.FILE);
    if (!Files.exists(record)) {
      return Optional.empty();
    }
    JsonNode json = StoredEvaluation.json(record);
    long step = json.path("evaluated").path("step").asLong(-1);
    return step == result.path("global_step").asLong()
        ? Optional.of(new StoredEvaluation(path, json, Optional.empty()))
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

  private static ImmutableList<StoredEvaluation> evaluations(Path path) {
    Path base = path.resolve(EVALUATIONS);
    if (!Files.isDirectory(base)) {
      return ImmutableList.of();
    }
    // The same evaluation may lie alone and among those of all layers.
    Set<JsonNode> known = new HashSet<>();
    try (Stream<Path> children = Files.list(base)) {
      // An evaluation that is under way has no record yet.
      return children
          .filter(child -> Files.exists(child.resolve(StoredEvaluation.RESULT)))
          .sorted()
          .flatMap(child -> layers(StoredEvaluation.read(child)))
          .filter(evaluation -> known.add(identity(evaluation)))
          .collect(toImmutableList());
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", base, e);
    }
  }

  /** All of a record but when and where it was made. */
  private static JsonNode identity(StoredEvaluation evaluation) {
    ObjectNode record = evaluation.result().deepCopy();
    record.remove(List.of("seconds", "flags", "versions"));
    return record;
  }

  /** A probe of all layers has a directory for each of them, named in its record. */
  private static Stream<StoredEvaluation> layers(StoredEvaluation evaluation) {
    JsonNode layers = evaluation.result().path("layers");
    if (!layers.isArray()) {
      return Stream.of(evaluation);
    }
    return StreamSupport.stream(layers.spliterator(), false)
        .map(row -> evaluation.path().resolve(row.path("layer").asText("?")))
        .filter(child -> Files.exists(child.resolve(StoredEvaluation.RESULT)))
        .map(StoredEvaluation::read);
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
    return logged.isPresent() || ownResult.isEmpty() || !ownResult.get().has("global_step")
        ? logged
        : OptionalLong.of(ownResult.get().get("global_step").asLong());
  }
}
