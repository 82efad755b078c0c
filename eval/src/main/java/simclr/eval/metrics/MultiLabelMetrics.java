package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import simclr.io.NpyWriter;

/**
 * How well scores rank the examples of each class where an example may have several: the 11-point
 * mean average precision.
 */
public final class MultiLabelMetrics implements TestMetrics {
  /** The key of the mean average precision. */
  public static final String FIGURE = "map_11";

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
    return FIGURE;
  }

  @Override
  public String figureName() {
    return "11-point mAP";
  }

  @Override
  public double value() {
    return precision.value();
  }

  /** Of the mean average precision, by drawing examples with all their labels. */
  ConfidenceInterval interval(Bootstrap bootstrap) {
    return bootstrap.interval(scores.length, sample -> ranked.ofSample(sample).value());
  }

  /** Adds {@code metric} to {@code interval_method}. */
  @Override
  public void addFigures(ObjectNode json, long seed) {
    Bootstrap bootstrap = Bootstrap.seeded(seed);
    json.put("metric", FIGURE);
    json.put(FIGURE, value());
    RecordedMetrics.addBounds(json.putObject("interval"), FIGURE, interval(bootstrap));
    json.put("interval_method", "95 %: " + bootstrap.method());
  }

  /** Adds {@code per_class}; the average precision of a class without an example is null. */
  @Override
  public void addTables(ObjectNode json) {
    ArrayNode rows = json.putArray("per_class");
    for (int c = 0; c < classNames.size(); c++) {
      ObjectNode row = rows.addObject();
      row.put("class", classNames.get(c)).put("positives", labels.positives(c));
      OptionalDouble found = precision.byClass().get(c);
      if (found.isPresent()) {
        row.put("average_precision", found.getAsDouble());
      } else {
        row.putNull("average_precision");
      }
    }
  }

  @Override
  public String headline(JsonNode record) {
    JsonNode interval = record.path("interval").path(FIGURE);
    return String.format(
        Locale.ROOT,
        "%s %.2f %% (%d test examples, %d classes, 95 %% interval %.2f to %.2f %%)",
        figureName(),
        100 * value(),
        scores.length,
        classNames.size(),
        100 * interval.path(0).asDouble(),
        100 * interval.path(1).asDouble());
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
