package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import simclr.io.NpyWriter;

/**
 * How well scores rank the examples of each class where an example may have several: the 11-point
 * mean average precision.
 */
public final class MultiLabelMetrics implements TestMetrics {
  /** The scores of all examples, beside an evaluation's {@code result.json}. */
  public static final String FILE = "scores.npy";

  private final ImmutableList<String> classNames;
  private final float[][] scores;
  private final MultiLabels labels;
  private final MeanAveragePrecision.Ranked ranked;
  private final MeanAveragePrecision precision;

  private MultiLabelMetrics(
      ImmutableList<String> classNames, float[][] scores, MultiLabels labels) {
    this.classNames = classNames;
    this.scores = scores;
    this.labels = labels;
    this.ranked = new MeanAveragePrecision.Ranked(scores, labels);
    this.precision = ranked.once();
  }

  /**
   * Measures.
   *
   * @param scores shape (examples, classes); the larger, the surer; not changed afterwards
   * @param classNames by class index
   */
  public static MultiLabelMetrics of(
      float[][] scores, MultiLabels labels, List<String> classNames) {
    checkArgument(classNames.size() == labels.classes(), "classNames must be those of the labels");
    return new MultiLabelMetrics(ImmutableList.copyOf(classNames), scores, labels);
  }

  @Override
  public String figure() {
    return Metric.MAP_11;
  }

  @Override
  public double value() {
    return precision.value();
  }

  /** Of the mean average precision, by drawing examples with all their labels. */
  ConfidenceInterval interval(Bootstrap bootstrap) {
    return bootstrap.interval(scores.length, sample -> ranked.ofSample(sample).value());
  }

  @Override
  public Measures measures(long seed) {
    Bootstrap bootstrap = Bootstrap.seeded(seed);
    return new Measures(
        ImmutableMap.of(Metric.MAP_11, Metric.of(value(), interval(bootstrap))),
        Optional.of("95 %: " + bootstrap.method()),
        IntStream.range(0, classNames.size())
            .mapToObj(
                c ->
                    new ClassResult.Precision(
                        classNames.get(c), labels.positives(c), precision.byClass().get(c)))
            .collect(ImmutableList.toImmutableList()),
        ImmutableList.of());
  }

  @Override
  public String headline(Measures measures) {
    ConfidenceInterval interval =
        measures.metric(Metric.MAP_11).flatMap(Metric::interval).orElseThrow();
    return String.format(
        Locale.ROOT,
        "%s %.2f %% (%d test examples, %d classes, 95 %% interval %.2f to %.2f %%)",
        Metric.label(Metric.MAP_11),
        100 * value(),
        scores.length,
        classNames.size(),
        100 * interval.low(),
        100 * interval.high());
  }

  @Override
  public String answersFile() {
    return FILE;
  }

  @Override
  public void writeAnswers(Path directory) {
    try (NpyWriter file =
        NpyWriter.floats(directory.resolve(answersFile()), scores.length, classNames.size())) {
      for (float[] row : scores) {
        file.row(row);
      }
      file.commit();
    }
  }
}
