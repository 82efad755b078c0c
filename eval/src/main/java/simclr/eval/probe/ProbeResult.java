package simclr.eval.probe;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSource;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.metrics.Metric;
import simclr.eval.metrics.MultiLabelMetrics;
import simclr.eval.metrics.Predictions;
import simclr.eval.metrics.SeedStatistics;
import simclr.eval.metrics.TestMetrics;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.record.Procedure;
import simclr.eval.record.Provenance;
import simclr.eval.record.RecordJson;
import simclr.eval.record.Representation;
import simclr.eval.record.Splits;

/**
 * An evaluation by a protocol: its record, and what was answered to each test example.
 *
 * @param record what {@code result.json} and {@code --json} hold
 * @param outcomes one for each seed; the first one's measures are those of the record
 */
public record ProbeResult(EvaluationRecord record, ImmutableList<Outcome> outcomes) {

  /**
   * Puts a record together.
   *
   * @param seeds one for each outcome
   */
  static ProbeResult of(
      FeatureSource source,
      Protocol protocol,
      FeatureSets sets,
      List<Long> seeds,
      List<Outcome> outcomes,
      double seconds) {
    Outcome first = outcomes.get(0);
    Map<String, @Nullable Object> details = new LinkedHashMap<>();
    details.put("objective", boxed(first.objective()));
    details.put("l2", boxed(first.l2()));
    details.putAll(RecordJson.map(first.details()));
    if (outcomes.size() > 1) {
      details.put("several_seeds", severalSeeds(seeds, outcomes));
    }
    LabelledFeatures train = sets.train();
    return new ProbeResult(
        new EvaluationRecord(
            Procedure.of(
                protocol.protocol(),
                protocol.settings(sets),
                protocol.meaning(sets),
                first.comparedAs().words()),
            new Representation(sets.layer(), train.matrix().columns(), sets.encoder(), null),
            new Splits(
                sets.dataset(),
                train.info(),
                first
                    .partition()
                    .map(parts -> parts.validation().info().validation(parts.carved()))
                    .or(() -> sets.validation().map(set -> set.info().validation(false)))
                    .orElse(null),
                sets.test().info().test(outcomes.stream().mapToLong(Outcome::tested).sum())),
            first.test().measures(seeds.get(0)),
            details,
            Provenance.of(sets.trust(), seeds.get(0), source.flags(), seconds)),
        ImmutableList.copyOf(outcomes));
  }

  private static Map<String, @Nullable Object> severalSeeds(
      List<Long> seeds, List<Outcome> outcomes) {
    String figure = outcomes.get(0).test().figure();
    SeedStatistics summary = statistics(outcomes);
    List<Map<String, @Nullable Object>> each = new ArrayList<>();
    for (int i = 0; i < seeds.size(); i++) {
      Map<String, @Nullable Object> row = new LinkedHashMap<>();
      row.put("seed", seeds.get(i));
      row.put(figure, outcomes.get(i).test().value());
      row.put("l2", boxed(outcomes.get(i).l2()));
      each.add(row);
    }
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("runs", summary.runs());
    all.put(figure, summary.mean());
    all.put(figure + "_sd", boxed(summary.deviation()));
    all.put("each", each);
    return all;
  }

  private static SeedStatistics statistics(List<Outcome> outcomes) {
    return SeedStatistics.of(outcomes.stream().map(outcome -> outcome.test().value()).toList());
  }

  private TestMetrics test() {
    return outcomes.get(0).test();
  }

  /** The figure of examples with one label each; there is none of a multi-label set. */
  public Accuracy top1() {
    return single().top1();
  }

  /** Whether each test example was named right; only of single-label sets. */
  boolean[] correct() {
    return single().predictions().correct();
  }

  private ClassificationMetrics single() {
    checkState(test() instanceof ClassificationMetrics, "%s was measured", test().figure());
    return (ClassificationMetrics) test();
  }

  /** The name of the representation. */
  String layer() {
    return record.layer().orElseThrow();
  }

  /** One object on one line. */
  public String json() {
    return record.json();
  }

  /**
   * Writes {@code predictions.csv}, or {@code scores.npy} of a multi-label set, then {@code
   * result.json}: who finds the latter finds both.
   *
   * @throws UserException CANNOT_WRITE
   */
  void write(Path directory) {
    makeDirectory(directory);
    test().writeAnswers(directory);
    // What an evaluation of the other kind left here would be taken for this one's.
    for (String answers : List.of(Predictions.FILE, MultiLabelMetrics.FILE)) {
      if (!answers.equals(test().answersFile())) {
        remove(directory.resolve(answers));
      }
    }
    record.write(directory.resolve(EvaluationRecord.FILE));
  }

  static void makeDirectory(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be made (%s)", directory, e);
    }
  }

  static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be removed (%s)", file, e);
    }
  }

  /** For people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s on %s: %s",
            record.protocol(),
            layer(),
            test().headline(record.measures())));
    outcomes.get(0).lines().forEach(line -> lines.add("  " + line));
    if (outcomes.size() > 1) {
      SeedStatistics seeds = statistics(outcomes);
      lines.add(
          String.format(
              Locale.ROOT,
              "  over %d seeds: %s %.2f %%, sd %.2f",
              seeds.runs(),
              Metric.label(test().figure()),
              100 * seeds.mean(),
              100 * seeds.deviation().orElseThrow()));
    }
    return lines;
  }

  private static @Nullable Double boxed(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
