package simclr.eval.record;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.primitives.ImmutableLongArray;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ClassResult;
import simclr.eval.metrics.ConfidenceInterval;
import simclr.eval.metrics.Measures;
import simclr.eval.metrics.Metric;

/**
 * {@link Measures} among the members of a record:
 *
 * <pre>
 *   "top_1": 0.75, "top_5": null, "mean_per_class": 0.75      or  "metric": "map_11", "map_11": 0.8
 *   "counts": {"top_1": {"correct": 3, "total": 4}}           not in records of earlier versions
 *   "interval": {"top_1": [0.3, 0.95], ...}, "interval_method": "..."
 *   "per_class": [{"class": "cat", "examples": 2, "correct": 2}, ...]
 *                                    or [{"class": "cat", "positives": 2, "average_precision": 1}]
 *   "confusion": [[2, 0], [1, 1]]
 * </pre>
 */
final class MeasuresJson {
  static final ImmutableSet<String> MEMBERS =
      ImmutableSet.of(
          Metric.TOP_1,
          Metric.TOP_5,
          Metric.MEAN_PER_CLASS,
          Metric.MAP_11,
          "metric",
          "counts",
          "interval",
          "interval_method",
          "per_class",
          "confusion");

  private static final ImmutableList<String> METRICS =
      ImmutableList.of(Metric.TOP_1, Metric.TOP_5, Metric.MEAN_PER_CLASS, Metric.MAP_11);

  private MeasuresJson() {}

  static void add(ObjectNode json, Measures measures) {
    if (measures.isMultiLabel()) {
      json.put("metric", Metric.MAP_11);
    } else {
      // It stands there as null where it means nothing.
      json.putNull(Metric.TOP_5);
    }
    ObjectNode counts = json.objectNode();
    ObjectNode intervals = json.objectNode();
    measures
        .metrics()
        .forEach(
            (name, metric) -> {
              json.put(name, metric.value());
              metric
                  .counts()
                  .ifPresent(
                      found ->
                          counts
                              .putObject(name)
                              .put("correct", found.correct())
                              .put("total", found.total()));
              metric.interval().ifPresent(i -> intervals.putArray(name).add(i.low()).add(i.high()));
            });
    json.set("counts", counts);
    json.set("interval", intervals);
    measures.intervalMethod().ifPresent(method -> json.put("interval_method", method));
  }

  static void addTables(ObjectNode json, Measures measures) {
    ArrayNode rows = json.putArray("per_class");
    for (ClassResult result : measures.classes()) {
      ObjectNode row = rows.addObject().put("class", result.name());
      if (result instanceof ClassResult.Recall recall) {
        row.put("examples", recall.examples()).put("correct", recall.correct());
      } else if (result instanceof ClassResult.Precision precision) {
        OptionalDouble average = precision.averagePrecision();
        row.put("positives", precision.positives())
            .put("average_precision", average.isPresent() ? average.getAsDouble() : null);
      }
    }
    if (!measures.isMultiLabel()) {
      ArrayNode confusion = json.putArray("confusion");
      measures.confusion().forEach(row -> row.forEach(confusion.addArray()::add));
    }
  }

  /**
   * Reads them.
   *
   * @param splits tell how many examples were tested where the record has no counts
   */
  static Measures read(Path file, ObjectNode json, Splits splits) {
    ImmutableList<ClassResult> classes =
        StreamSupport.stream(json.path("per_class").spliterator(), false)
            .map(MeasuresJson::classResult)
            .collect(ImmutableList.toImmutableList());
    OptionalLong examples = splits.test() == null ? OptionalLong.empty() : splits.test().measured();
    ImmutableMap.Builder<String, Metric> metrics = ImmutableMap.builder();
    for (String name : METRICS) {
      if (json.path(name).isNumber()) {
        double value = json.path(name).asDouble();
        boolean share = name.equals(Metric.TOP_1) || name.equals(Metric.TOP_5);
        metrics.put(
            name,
            new Metric(
                value,
                counts(json.path("counts").path(name))
                    .or(() -> share ? countsOf(value, examples) : Optional.empty()),
                interval(file, name, json.path("interval").path(name))));
      }
    }
    JsonNode method = json.path("interval_method");
    return new Measures(
        metrics.buildOrThrow(),
        method.isTextual() ? Optional.of(method.asText()) : Optional.empty(),
        classes,
        confusion(file, json.path("confusion"), classes.size()));
  }

  private static Optional<Accuracy> counts(JsonNode node) {
    long total = node.path("total").asLong();
    long correct = node.path("correct").asLong(-1);
    return 0 <= correct && correct <= total && total > 0
        ? Optional.of(new Accuracy(correct, total))
        : Optional.empty();
  }

  /** Of records of earlier versions, which hold the quotient of two whole numbers. */
  private static Optional<Accuracy> countsOf(double share, OptionalLong examples) {
    return examples.isPresent() && examples.getAsLong() > 0 && share >= 0 && share <= 1
        ? Optional.of(Accuracy.ofShare(share, examples.getAsLong()))
        : Optional.empty();
  }

  private static Optional<ConfidenceInterval> interval(Path file, String name, JsonNode bounds) {
    if (bounds.size() != 2) {
      return Optional.empty();
    }
    double low = bounds.get(0).asDouble();
    double high = bounds.get(1).asDouble();
    if (!(low <= high)) {
      throw new UserException(
          ExitCode.DATA,
          "%s: interval of %s is %s, expected two ordered numbers",
          file,
          name,
          bounds);
    }
    return Optional.of(new ConfidenceInterval(low, high));
  }

  private static ClassResult classResult(JsonNode row) {
    String name = row.path("class").asText("?");
    JsonNode precision = row.path("average_precision");
    return row.has("positives")
        ? new ClassResult.Precision(
            name,
            row.path("positives").asLong(),
            precision.isNumber() ? OptionalDouble.of(precision.asDouble()) : OptionalDouble.empty())
        : new ClassResult.Recall(name, row.path("examples").asLong(), row.path("correct").asLong());
  }

  private static ImmutableList<ImmutableLongArray> confusion(
      Path file, JsonNode rows, int classes) {
    ImmutableList<ImmutableLongArray> counts =
        StreamSupport.stream(rows.spliterator(), false)
            .map(MeasuresJson::row)
            .collect(ImmutableList.toImmutableList());
    boolean square =
        counts.size() == classes && counts.stream().allMatch(row -> row.length() == classes);
    if (!square && !counts.isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s has %s rows of confusion and %s classes, expected a square of counts",
          file,
          counts.size(),
          classes);
    }
    return counts;
  }

  private static ImmutableLongArray row(JsonNode row) {
    ImmutableLongArray.Builder counts = ImmutableLongArray.builder();
    row.forEach(count -> counts.add(count.asLong()));
    return counts.build();
  }
}
