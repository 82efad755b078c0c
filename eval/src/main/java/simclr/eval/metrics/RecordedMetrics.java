package simclr.eval.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.tensorflow.TensorFlow;

/** The keys that the record of every evaluation has in common, probes' and trainings'. */
public final class RecordedMetrics {
  private RecordedMetrics() {}

  /**
   * Adds {@code top_1} to {@code interval_method}; {@code top_5} is null where it means nothing.
   *
   * @param seed of the bootstrap
   */
  public static void addFigures(ObjectNode json, ClassificationMetrics test, long seed) {
    Bootstrap bootstrap = Bootstrap.seeded(seed);
    json.put("top_1", test.top1().value());
    json.put("top_5", test.top5().map(Accuracy::value).orElse(null));
    json.put("mean_per_class", test.meanPerClass());
    ObjectNode interval = json.putObject("interval");
    addBounds(interval, "top_1", test.top1().interval());
    test.top5().ifPresent(top5 -> addBounds(interval, "top_5", top5.interval()));
    addBounds(
        interval,
        "mean_per_class",
        bootstrap.ofMeanPerClass(test.predictions(), test.classNames().size()));
    json.put(
        "interval_method",
        "95 %: Wilson for top_1 and top_5; mean_per_class: " + bootstrap.method());
  }

  /** Adds {@code per_class} and {@code confusion}, whose rows are the true classes. */
  public static void addTables(ObjectNode json, ClassificationMetrics test) {
    ArrayNode rows = json.putArray("per_class");
    test.perClass()
        .forEach(
            row ->
                rows.addObject()
                    .put("class", row.name())
                    .put("examples", row.examples())
                    .put("correct", row.correct()));
    ArrayNode confusion = json.putArray("confusion");
    test.confusion().forEach(row -> row.forEach(confusion.addArray()::add));
  }

  /** Adds {@code versions}: of this program, TensorFlow and Java. */
  public static void addVersions(ObjectNode json) {
    String version = RecordedMetrics.class.getPackage().getImplementationVersion();
    json.putObject("versions")
        .put("simclr", Optional.ofNullable(version).orElse("unknown"))
        .put("tensorflow", TensorFlow.version())
        .put("java", Runtime.version().toString());
  }

  private static void addBounds(ObjectNode json, String name, Interval interval) {
    json.putArray(name).add(interval.low()).add(interval.high());
  }
}
