package simclr.eval.metrics;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.tensorflow.TensorFlow;

/** What the records of all evaluations write alike, probes' and trainings'. */
public final class RecordedMetrics {
  private RecordedMetrics() {}

  /** Adds {@code versions}: of this program, TensorFlow and Java. */
  public static void addVersions(ObjectNode json) {
    String version = RecordedMetrics.class.getPackage().getImplementationVersion();
    json.putObject("versions")
        .put("simclr", Optional.ofNullable(version).orElse("unknown"))
        .put("tensorflow", TensorFlow.version())
        .put("java", Runtime.version().toString());
  }

  static void addBounds(ObjectNode json, String name, ConfidenceInterval interval) {
    json.putArray(name).add(interval.low()).add(interval.high());
  }
}
