package simclr.eval.probe;

import static com.google.common.base.Preconditions.checkState;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.EncoderIdentity;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.FeatureSource;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.metrics.MultiLabelMetrics;
import simclr.eval.metrics.Predictions;
import simclr.eval.metrics.RecordedMetrics;
import simclr.eval.metrics.SeedStatistics;
import simclr.eval.metrics.TestMetrics;
import simclr.io.DurableFiles;

/** The record of an evaluation: what {@code result.json} and {@code --json} hold. */
public final class ProbeResult {
  /** The name in an evaluation's directory. */
  public static final String FILE = "result.json";

  private final ObjectNode json;
  private final TestMetrics test;

  private ProbeResult(ObjectNode json, TestMetrics test) {
    this.json = json;
    this.test = test;
  }

  /**
   * Puts a record together.
   *
   * @param seeds one for each outcome
   * @param outcomes the first one's measures stand at the top
   */
  public static ProbeResult of(
      FeatureSource source,
      Protocol protocol,
      FeatureSets sets,
      List<Long> seeds,
      List<Outcome> outcomes,
      double seconds) {
    Outcome first = outcomes.get(0);
    ObjectNode json = Outcome.object();
    json.put("protocol", protocol.protocol());
    json.put("layer", sets.layer());
    json.put("width", sets.train().matrix().columns());
    encoder(json.putObject("encoder"), sets.encoder());
    protocol.describe(json.putObject("settings"), sets);
    json.put("dataset", sets.dataset());
    split(json.putObject("train"), sets.train());
    validation(json, sets, first.partition());
    split(json.putObject("test"), sets.test())
        .put("used", outcomes.stream().mapToInt(Outcome::tested).sum());
    first.test().addFigures(json, seeds.get(0));
    optional(json, "objective", first.objective());
    optional(json, "l2", first.l2());
    json.setAll(first.details());
    first.test().addTables(json);
    ObjectNode trust = json.putObject("trust");
    sets.trust().forEach(trust::put);
    json.put("seed", seeds.get(0));
    if (outcomes.size() > 1) {
      severalSeeds(json.putObject("several_seeds"), seeds, outcomes);
    }
    json.set("flags", new ObjectMapper().valueToTree(source.flags()));
    RecordedMetrics.addVersions(json);
    json.put("seconds", Math.round(seconds * 1000) / 1000.0);
    return new ProbeResult(json, first.test());
  }

  /** The figure of examples with one label each; there is none of a multi-label set. */
  public Accuracy top1() {
    checkState(test instanceof ClassificationMetrics, "%s was measured", test.figure());
    return ((ClassificationMetrics) test).top1();
  }

  /** Whether each test example was named right; only of single-label sets. */
  public boolean[] correct() {
    return ((ClassificationMetrics) test).predictions().correct();
  }

  /** The name of the representation. */
  public String layer() {
    return json.get("layer").asText();
  }

  public ObjectNode node() {
    return json;
  }

  /** One object on one line. */
  public String json() {
    return json.toString();
  }

  /**
   * Writes {@code predictions.csv}, or {@code scores.npy} of a multi-label set, then {@code
   * result.json}: who finds the latter finds both.
   *
   * @throws UserException CANNOT_WRITE
   */
  public void write(Path directory) {
    makeDirectory(directory);
    test.writeAnswers(directory);
    // What an evaluation of the other kind left here would be taken for this one's.
    for (String answers : List.of(Predictions.FILE, MultiLabelMetrics.FILE)) {
      if (!answers.equals(test.answersFile())) {
        remove(directory.resolve(answers));
      }
    }
    write(directory.resolve(FILE), json);
  }

  public static void makeDirectory(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be made (%s)", directory, e);
    }
  }

  public static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be removed (%s)", file, e);
    }
  }

  public static void write(Path file, ObjectNode json) {
    try {
      String text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json);
      DurableFiles.write(file, (text + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** For people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s on %s: %s".formatted(json.get("protocol").asText(), layer(), test.headline(json)));
    if (json.has("by_k")) {
      lines.add("  " + neighbours(json.get("settings")) + ", k = " + json.get("k").asText());
      json.get("by_k")
          .forEach(
              row ->
                  lines.add(
                      String.format(
                          Locale.ROOT,
                          "  k = %d: top-1 %.2f %%",
                          row.get("k").asInt(),
                          100 * row.get("top_1").asDouble())));
    }
    if (json.has("by_shots")) {
      json.get("by_shots")
          .forEach(
              row ->
                  lines.add(
                      String.format(
                          Locale.ROOT,
                          "  %s shots a class: top-1 %.2f %% (sd %s over %d draws)",
                          row.get("shots").asText(),
                          100 * row.get("top_1").asDouble(),
                          row.get("top_1_sd").isNull()
                              ? "unknown"
                              : String.format(
                                  Locale.ROOT, "%.2f", 100 * row.get("top_1_sd").asDouble()),
                          row.get("draws").asInt())));
    }
    if (json.has("several_seeds")) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  over %d seeds: %s %.2f %%, sd %.2f",
              json.get("several_seeds").get("runs").asInt(),
              test.figureName(),
              100 * json.get("several_seeds").get(test.figure()).asDouble(),
              100 * json.get("several_seeds").get(test.figure() + "_sd").asDouble()));
    }
    return lines;
  }

  /** What a figure of nearest neighbours must not be quoted without. */
  private static String neighbours(JsonNode settings) {
    return settings.get("distance").asText()
        + ", votes weighted "
        + settings
            .get("weighting")
            .asText()
            .replace("temperature", settings.path("temperature").asText());
  }

  private static void encoder(ObjectNode json, EncoderIdentity encoder) {
    json.put("kind", encoder.kind().name().toLowerCase(Locale.ROOT));
    json.put("path", encoder.path().orElse(null));
    json.put("sha256", encoder.sha256().orElse(null));
    if (encoder.step().isPresent()) {
      json.put("step", encoder.step().getAsLong());
    } else {
      json.putNull("step");
    }
    json.put("architecture", encoder.architecture().orElse(null));
  }

  private static ObjectNode split(ObjectNode json, LabelledFeatures examples) {
    json.put("split", examples.name());
    json.put("examples", examples.examples());
    json.put("sha256", examples.digest().sha256());
    json.put("sha256_of", examples.digest().of());
    return json;
  }

  private static void validation(ObjectNode json, FeatureSets sets, Optional<Partition> partition) {
    if (partition.isEmpty()) {
      if (sets.validation().isPresent()) {
        split(json.putObject("validation"), sets.validation().get())
            .put("carved_from_train", false);
      } else {
        json.putNull("validation");
      }
      return;
    }
    split(json.putObject("validation"), partition.get().validation())
        .put("carved_from_train", partition.get().carved());
  }

  private static void severalSeeds(ObjectNode json, List<Long> seeds, List<Outcome> outcomes) {
    String figure = outcomes.get(0).test().figure();
    SeedStatistics summary =
        SeedStatistics.of(outcomes.stream().map(outcome -> outcome.test().value()).toList());
    json.put("runs", summary.runs());
    json.put(figure, summary.mean());
    optional(json, figure + "_sd", summary.deviation());
    ArrayNode each = json.putArray("each");
    for (int i = 0; i < seeds.size(); i++) {
      ObjectNode row = each.addObject().put("seed", seeds.get(i));
      row.put(figure, outcomes.get(i).test().value());
      optional(row, "l2", outcomes.get(i).l2());
    }
  }

  public static void optional(ObjectNode json, String name, OptionalDouble value) {
    if (value.isPresent()) {
      json.put(name, value.getAsDouble());
    } else {
      json.putNull(name);
    }
  }
}
