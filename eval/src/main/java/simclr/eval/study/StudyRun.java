package simclr.eval.study;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.compare.FigureDifference;
import simclr.eval.compare.ModelComparison;
import simclr.eval.compare.PermutationTest;
import simclr.eval.features.EncoderChoice;
import simclr.eval.features.EncoderFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.Bootstrap;
import simclr.eval.metrics.Metric;
import simclr.eval.probe.ProbeRun;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.eval.record.EvaluationRecord;
import simclr.io.DurableFiles;
import simclr.io.WholeFile;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;
import simclr.train.run.Outcome;
import simclr.train.run.Run;

/**
 * Trains and evaluates the runs of a study, each in a directory of its own, an ordinary {@code
 * --model_dir}. What is finished is passed over, what is begun goes on: whenever the study is
 * killed, the same call resumes from there.
 */
public final class StudyRun {
  private static final String PLAN = "study_flags.json";
  private static final String RUNS = "runs";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Study study;
  private final Path output;
  private final Reporter reporter;
  private final BooleanSupplier stop;

  private StudyRun(Study study, Path output, Reporter reporter, BooleanSupplier stop) {
    this.study = study;
    this.output = output;
    this.reporter = reporter;
    this.stop = stop;
  }

  /**
   * Runs a study, or what is left of it, and writes its table.
   *
   * @param output directory of runs and tables; made if need be
   * @param stop asked between the parts; training is stopped by {@link Run#requestStop}
   * @return empty if it was stopped
   * @throws UserException as {@link Run#execute} does; DATA if a directory holds a run of other
   *     flags
   */
  public static Optional<StudyResult> execute(
      Study study, Path output, Reporter reporter, BooleanSupplier stop) {
    return new StudyRun(study, output, reporter, stop).execute();
  }

  private Optional<StudyResult> execute() {
    ImmutableList.Builder<StudyRow> rows = ImmutableList.builder();
    for (int i = 0; i < study.runs().size(); i++) {
      PlannedRun run = study.runs().get(i);
      String which =
          String.format(Locale.ROOT, "run %d of %d, %s", i + 1, study.runs().size(), run.name());
      Optional<StudyRow> row = execute(run, which);
      if (row.isEmpty()) {
        return Optional.empty();
      }
      rows.add(row.get());
    }
    StudyResult result =
        new StudyResult(
            study,
            rows.build(),
            study.contrasts().stream().map(this::difference).collect(toImmutableList()));
    result.write(output);
    return Optional.of(result);
  }

  private Optional<StudyRow> execute(PlannedRun run, String which) {
    Path dir = output.resolve(RUNS).resolve(run.directory());
    begin(run, dir);
    boolean evaluated =
        study.layersOf(run).stream().allMatch(layer -> Files.exists(result(dir, layer)));
    if (evaluated) {
      reporter.line(which + ": done before");
    } else {
      reporter.line(which);
      Map<String, String> flags = new LinkedHashMap<>(run.flags());
      flags.put("model_dir", dir.toString());
      if (stop.getAsBoolean()
          || Run.execute(RunConfig.of(flags), reporter) == Outcome.INTERRUPTED
          || !evaluate(run, dir)) {
        return Optional.empty();
      }
    }
    return Optional.of(row(run, dir));
  }

  /** Records the flags of a run, or compares them with those that it began with. */
  private static void begin(PlannedRun run, Path dir) {
    Path plan = dir.resolve(PLAN);
    try {
      if (Files.exists(plan)) {
        Map<?, ?> before = JSON.readValue(WholeFile.bytes(plan), Map.class);
        if (!before.equals(run.flags())) {
          throw new UserException(
              ExitCode.DATA,
              "%s holds a run with other flags, expected those of run \"%s\" of this study; take"
                  + " another --output or remove it",
              dir,
              run.name());
        }
        return;
      }
      Files.createDirectories(dir);
      DurableFiles.write(
          plan, JSON.writeValueAsString(run.flags()).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be read or written (%s)", plan, e);
    }
  }

  private boolean evaluate(PlannedRun run, Path dir) {
    EncoderChoice choice = EncoderChoice.ofRun(Kind.CHECKPOINT, dir);
    try (EncoderFeatures features = EncoderFeatures.open(choice, reporter)) {
      for (String layer : study.layersOf(run)) {
        ProbeRun probe =
            new ProbeRun(
                features,
                study.evaluation().protocol(),
                ImmutableList.of(0L),
                Optional.of(directory(dir, layer)));
        if (probe.one(Optional.of(layer), reporter, stop).isEmpty()) {
          return false;
        }
      }
    }
    return true;
  }

  private Path directory(Path dir, String layer) {
    String name =
        String.format(Locale.ROOT, "study-%s-%s", study.evaluation().protocol().command(), layer);
    return dir.resolve("eval").resolve(name);
  }

  private Path result(Path dir, String layer) {
    return directory(dir, layer).resolve(EvaluationRecord.FILE);
  }

  private StudyRow row(PlannedRun run, Path dir) {
    ImmutableMap.Builder<String, Accuracy> accuracy = ImmutableMap.builder();
    int classes = 0;
    for (String layer : study.layersOf(run)) {
      Path file = result(dir, layer);
      EvaluationRecord record = EvaluationRecord.read(file);
      accuracy.put(
          layer,
          record
              .metric(Metric.TOP_1)
              .flatMap(Metric::counts)
              .orElseThrow(
                  () ->
                      new UserException(
                          ExitCode.DATA, "%s holds no top_1, expected that of a probe", file)));
      classes = record.measures().classes().size();
    }
    ScalarHistory history = ScalarHistory.of(dir);
    return new StudyRow(
        run.name(),
        accuracy.buildOrThrow(),
        classes,
        last(history, Tag.CONTRAST_ACC),
        last(history, Tag.CONTRAST_ENTROPY),
        PublishedRow.of(study, run));
  }

  private Difference difference(Contrast contrast) {
    ModelComparison found =
        ModelComparison.of(
            predictions(contrast.second()),
            predictions(contrast.first()),
            Bootstrap.seeded(0),
            new PermutationTest(PermutationTest.PERMUTATIONS, 0));
    FigureDifference top1 = found.figures().get(0);
    return new Difference(
        contrast.words(),
        top1.difference(),
        top1.interval(),
        found.mcNemar().pValue(),
        PublishedValue.of(study, contrast));
  }

  private Path predictions(Contrast.Side side) {
    Path dir = output.resolve(RUNS).resolve(study.run(side.run()).directory());
    return directory(dir, side.layer());
  }

  private static Optional<Float> last(ScalarHistory history, Tag tag) {
    return Optional.ofNullable(history.curve(tag).lastEntry()).map(Map.Entry::getValue);
  }
}
