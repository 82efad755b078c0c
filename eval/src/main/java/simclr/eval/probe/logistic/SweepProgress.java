package simclr.eval.probe.logistic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import simclr.config.Reporter;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.ProbeCheckpoint;

/**
 * How far the choice of a penalty has come: {@code rows} of the result, {@code last} and {@code
 * best} parameters, as float64, big endian, in base64.
 */
final class SweepProgress {
  private final ProbeCheckpoint kept;
  private final ArrayNode rows;
  private Optional<double[]> last;
  private Optional<Best> best;

  private SweepProgress(
      ProbeCheckpoint kept, ArrayNode rows, Optional<double[]> last, Optional<Best> best) {
    this.kept = kept;
    this.rows = rows;
    this.last = last;
    this.best = best;
  }

  /** The best value so far. */
  static final class Best {
    private final double l2;
    private final double figure;
    private final double[] parameters;

    private Best(double l2, double figure, double[] parameters) {
      this.l2 = l2;
      this.figure = figure;
      this.parameters = parameters;
    }

    double l2() {
      return l2;
    }

    /** On validation examples, 0 to 1. */
    double figure() {
      return figure;
    }

    /** Of its fit. */
    double[] parameters() {
      return parameters;
    }
  }

  /**
   * What was kept, or the beginning.
   *
   * @param values how many there will be
   */
  static SweepProgress of(ProbeCheckpoint kept, int values, Reporter reporter) {
    Optional<JsonNode> found = kept.read("l2 is chosen from the start", reporter);
    if (found.isEmpty()) {
      return new SweepProgress(
          kept, Outcome.object().arrayNode(), Optional.empty(), Optional.empty());
    }
    JsonNode best = found.get().path("best");
    ArrayNode rows = (ArrayNode) found.get().path("rows");
    reporter.line(
        String.format(Locale.ROOT, "l2: going on after %d of %d values", rows.size(), values));
    return new SweepProgress(
        kept,
        rows,
        Optional.of(parameters(found.get().path("last"))),
        Optional.of(
            new Best(
                best.path("l2").asDouble(),
                best.path("figure").asDouble(),
                parameters(best.path("parameters")))));
  }

  /** How many values were tried. */
  int done() {
    return rows.size();
  }

  /** A row for each value, as the result holds them. */
  ArrayNode rows() {
    return rows;
  }

  /** Parameters of the last fit, from which the next one starts. */
  Optional<double[]> last() {
    return last;
  }

  Optional<Best> best() {
    return best;
  }

  /**
   * Adds a value, the best one if its figure is above all before, and saves it if it is time to.
   */
  void add(ObjectNode row, double l2, double figure, double[] parameters) {
    rows.add(row);
    last = Optional.of(parameters);
    if (best.isEmpty() || figure > best.get().figure()) {
      best = Optional.of(new Best(l2, figure, parameters));
    }
    if (kept.due()) {
      save();
    }
  }

  /**
   * Brings what there is to the disk.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  void save() {
    if (best.isEmpty() || last.isEmpty()) {
      return;
    }
    ObjectNode json = Outcome.object();
    json.set("rows", rows);
    json.put("last", bytes(last.get()));
    json.putObject("best")
        .put("l2", best.get().l2())
        .put("figure", best.get().figure())
        .put("parameters", bytes(best.get().parameters()));
    kept.save(json);
  }

  private static byte[] bytes(double[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
    Arrays.stream(values).forEach(bytes::putDouble);
    return bytes.array();
  }

  private static double[] parameters(JsonNode node) {
    try {
      double[] values = new double[node.binaryValue().length / Double.BYTES];
      ByteBuffer.wrap(node.binaryValue()).asDoubleBuffer().get(values);
      return values;
    } catch (IOException e) {
      throw new IllegalStateException(e); // We wrote it, as its hash says.
    }
  }
}
