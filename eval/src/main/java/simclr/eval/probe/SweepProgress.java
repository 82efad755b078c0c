package simclr.eval.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import simclr.checkpoint.DurableFiles;
import simclr.train.Reporter;

/**
 * How far the choice of a penalty has come, kept in a file so that a kill loses no more than one
 * value or a few seconds.
 *
 * <pre>
 *   file       = hash "\n" object
 *   hash       = SHA-256 of object, in hexadecimal
 *   object     = {"key": ..., "rows": [...], "last": parameters,
 *                 "best": {"l2": ..., "figure": ..., "parameters": parameters}}
 *   parameters = float64, big endian, in base64
 * </pre>
 */
final class SweepProgress {
  private static final long INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();
  private static final int HASH_LENGTH = 64;

  private final Optional<Path> file;
  private final String key;
  private final ArrayNode rows;
  private Optional<double[]> last;
  private Optional<Best> best;
  private long saved = System.nanoTime();

  private SweepProgress(
      Optional<Path> file,
      String key,
      ArrayNode rows,
      Optional<double[]> last,
      Optional<Best> best) {
    this.file = file;
    this.key = key;
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
   * What the file holds, or the beginning.
   *
   * @param file empty to keep nothing
   * @param key of all that the values depend on; a file of another one is not used, nor is one that
   *     is broken
   * @param values how many there will be
   */
  static SweepProgress of(Optional<Path> file, String key, int values, Reporter reporter) {
    SweepProgress begin =
        new SweepProgress(
            file, key, Outcome.object().arrayNode(), Optional.empty(), Optional.empty());
    if (file.isEmpty()) {
      return begin;
    }
    try {
      JsonNode json = checked(Files.readString(file.get()));
      if (!json.path("key").asText().equals(key)) {
        reporter.line(
            file.get() + " is of other settings, data or versions: l2 is chosen from the start");
        return begin;
      }
      JsonNode best = json.path("best");
      ArrayNode rows = (ArrayNode) json.path("rows");
      reporter.line("l2: going on after %d of %d values".formatted(rows.size(), values));
      return new SweepProgress(
          file,
          key,
          rows,
          Optional.of(parameters(json.path("last"))),
          Optional.of(
              new Best(
                  best.path("l2").asDouble(),
                  best.path("figure").asDouble(),
                  parameters(best.path("parameters")))));
    } catch (NoSuchFileException e) {
      return begin;
    } catch (IOException e) {
      reporter.line(file.get() + " is broken and not used: l2 is chosen from the start");
      return begin;
    }
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
    if (System.nanoTime() - saved >= INTERVAL_NANOS) {
      save();
    }
  }

  /**
   * Brings what there is to the disk.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  void save() {
    if (file.isEmpty() || best.isEmpty() || last.isEmpty()) {
      return;
    }
    Path to = file.get().toAbsolutePath();
    ObjectNode json = Outcome.object().put("key", key);
    json.set("rows", rows);
    json.put("last", bytes(last.get()));
    json.putObject("best")
        .put("l2", best.get().l2())
        .put("figure", best.get().figure())
        .put("parameters", bytes(best.get().parameters()));
    String text = json.toString();
    ProbeResult.makeDirectory(Objects.requireNonNull(to.getParent()));
    DurableFiles.write(to, (hash(text) + "\n" + text).getBytes(StandardCharsets.UTF_8));
    saved = System.nanoTime();
  }

  /** The object that a text holds if its hash is right. */
  private static JsonNode checked(String text) throws IOException {
    String content = text.substring(Math.min(text.length(), HASH_LENGTH + 1));
    if (!text.startsWith(hash(content) + "\n")) {
      throw new IOException("the hash differs");
    }
    try {
      return new ObjectMapper().readTree(content);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // We wrote what has this hash.
    }
  }

  private static String hash(String text) {
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString();
  }

  private static byte[] bytes(double[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
    Arrays.stream(values).forEach(bytes::putDouble);
    return bytes.array();
  }

  private static double[] parameters(JsonNode node) throws IOException {
    double[] values = new double[node.binaryValue().length / Double.BYTES];
    ByteBuffer.wrap(node.binaryValue()).asDoubleBuffer().get(values);
    return values;
  }
}
