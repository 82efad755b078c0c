package simclr.eval.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.eval.features.PrecomputedFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.Metric;
import simclr.eval.probe.ProbeResult;
import simclr.eval.probe.ProbeRun;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.knn.Knn;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.ridge.Ridge;
import simclr.eval.probe.sgd.LinearSgd;
import simclr.eval.runs.RunReport;

/**
 * Records, printed lines and a report that the version before {@code eval.record} wrote: they are
 * read, and what is written now has every member that they have.
 */
final class EarlierRecordsTest {
  private static final Path RECORDS = directory();
  private static final Reporter QUIET = Reporter.lines(line -> {});

  /** Members that depend on the machine or the run. */
  private static final String CIRCUMSTANCES = ".*(seconds|versions|flags|path|environment|data/).*";

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "knn",
        "knn-uniform",
        "logreg",
        "logreg-seeds",
        "logreg-fixed",
        "multi-label",
        "linear",
        "ridge",
        "ridge-shots",
        "exported",
        "linear-sgd",
        "fine-tuning",
        "study-knn"
      })
  void whatWasWrittenIsReadAndWrittenAgain(String name) throws IOException {
    Path file = file(name + ".json");
    EvaluationRecord record = EvaluationRecord.read(file);

    record.write(temp.resolve("again.json"));

    JsonNode before = json(file);
    assertThat(leaves(json(temp.resolve("again.json")))).containsAllEntriesOf(leaves(before));
    assertThat(EvaluationRecord.read(temp.resolve("again.json"))).isEqualTo(record);
    assertThat(record.protocol()).isEqualTo(before.get("protocol").asText());
    assertThat(record.test().orElseThrow().examples())
        .isEqualTo(before.at("/test/examples").asLong());
    if (!record.measures().isMultiLabel()) {
      Accuracy counts = record.metric(Metric.TOP_1).flatMap(Metric::counts).orElseThrow();
      assertThat(counts.value()).isEqualTo(before.get("top_1").asDouble());
      assertThat(counts.correct())
          .as("the trace of the confusion matrix")
          .isEqualTo(trace(before.get("confusion")));
    }
  }

  private static long trace(JsonNode confusion) {
    long sum = 0;
    for (int c = 0; c < confusion.size(); c++) {
      sum += confusion.get(c).get(c).asLong();
    }
    return sum;
  }

  /** A protocol as a golden file was made by it. */
  private record Made(String name, Protocol protocol, boolean validation, List<Long> seeds) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Made> protocols() {
    OptionalDouble chosen = OptionalDouble.empty();
    List<Long> one = List.of(1L);
    return Stream.of(
        new Made(
            "knn",
            new Knn(ImmutableList.of(1, 5, 20), Knn.Weighting.EXP, 0.1, 0.2),
            false,
            List.of(1L, 2L)),
        new Made(
            "knn-uniform",
            new Knn(ImmutableList.of(5), Knn.Weighting.UNIFORM, 0.1, 0.2),
            true,
            one),
        new Made("logreg", logreg(chosen, 4, false), true, one),
        new Made("logreg-seeds", logreg(chosen, 3, false), false, List.of(1L, 2L)),
        new Made("logreg-fixed", logreg(OptionalDouble.of(0.01), 45, true), false, one),
        new Made("multi-label", logreg(chosen, 3, false), false, one),
        new Made("linear", new LinearSgd(5, 30, 0.1, 0, 0.9, false), false, one),
        new Made("ridge", Ridge.standard(), false, one),
        new Made("ridge-shots", new Ridge(ImmutableList.of(1, 5), 2, chosen), false, one));
  }

  private static Logreg logreg(OptionalDouble l2, int values, boolean standardize) {
    return new Logreg(l2, values, 1e-6, 1e5, standardize, 0.2, 2000, 1e-6, 1e-5);
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void aProbeWritesEveryMemberThatItWroteBefore(Made made) throws IOException {
    Optional<PrecomputedFeatures.Files> validation =
        made.validation() ? Optional.of(files("validation", "y")) : Optional.empty();
    String labels = made.name().equals("multi-label") ? "m" : "y";
    ProbeResult result;
    try (PrecomputedFeatures features =
        new PrecomputedFeatures(files("train", labels), validation, files("test", labels))) {
      result =
          new ProbeRun(
                  features, made.protocol(), ImmutableList.copyOf(made.seeds()), Optional.empty())
              .one(Optional.empty(), QUIET, () -> false)
              .orElseThrow();
    }
    Map<String, String> before = leaves(json(file(made.name() + ".json")));
    Map<String, String> now = leaves(new ObjectMapper().readTree(result.json()));

    assertThat(now).containsKeys(before.keySet().toArray(new String[0]));
    before.forEach(
        (name, value) -> {
          if (!name.matches(CIRCUMSTANCES + "|.*(iterations|evaluations|dataset|split)")) {
            same(name, now.getOrDefault(name, ""), value);
          }
        });
    List<String> lines = Files.readAllLines(file(made.name() + ".txt"));
    assertThat(result.lines()).isEqualTo(lines);
  }

  /** Numbers agree to the digits that another processor's order of sums leaves. */
  private static void same(String name, String now, String before) {
    try {
      double expected = Double.parseDouble(before);
      assertThat(Double.parseDouble(now))
          .as(name)
          .isCloseTo(expected, org.assertj.core.data.Percentage.withPercentage(0.1));
    } catch (NumberFormatException e) {
      assertThat(now).as(name).isEqualTo(before);
    }
  }

  @Test
  void aReportOfAnEarlierRunHasEveryMemberThatItHad() throws IOException {
    RunReport report =
        RunReport.of(List.of(file("run")), Optional.empty(), 0, QUIET, () -> false).orElseThrow();

    Map<String, String> before = leaves(json(file("report.json")));
    Map<String, String> now = leaves(new ObjectMapper().readTree(report.json()));
    before.keySet().removeIf(name -> name.matches(CIRCUMSTANCES) || name.startsWith("legend/"));
    // A row for the classifier, the probes of h and z, a baseline each of weights and pixels.
    assertThat(before).containsKey("runs/0/evaluations/5/top_1");
    assertThat(now).containsAllEntriesOf(before);
  }

  @Test
  void theRecordsOfAllLayersNameTheirDirectories() {
    assertThat(LayersRecord.directories(file("run/eval/ridge-layers")).orElseThrow())
        .hasSize(7)
        .contains(file("run/eval/ridge-layers/final_avg_pool"));
    assertThat(LayersRecord.directories(file("run/eval/knn-final_avg_pool"))).isEmpty();
  }

  @Test
  void whatHasAnotherTypeIsNamedInOneSentence() throws IOException {
    Path broken = Files.writeString(temp.resolve("a.json"), "{\"test\": {\"examples\": \"many\"}}");

    assertThatThrownBy(() -> EvaluationRecord.read(broken))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(broken + ": test.examples does not have the expected type")
        .message()
        .hasLineCount(1);
  }

  private static PrecomputedFeatures.Files files(String set, String labels) {
    return new PrecomputedFeatures.Files(
        set, file("features/" + set + "_x.npy"), file("features/" + set + "_" + labels + ".npy"));
  }

  private static Path directory() {
    try {
      return Path.of(
              java.util.Objects.requireNonNull(EarlierRecordsTest.class.getResource("knn.json"))
                  .toURI())
          .resolveSibling(".")
          .normalize();
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path file(String name) {
    return RECORDS.resolve(name);
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  /** Every value under its path, as in {@code test/examples}. */
  private static Map<String, String> leaves(JsonNode node) {
    Map<String, String> leaves = new TreeMap<>();
    add(leaves, "", node);
    return leaves;
  }

  private static void add(Map<String, String> leaves, String path, JsonNode node) {
    if (node.isObject() && !node.isEmpty()) {
      node.properties().forEach(m -> add(leaves, path + "/" + m.getKey(), m.getValue()));
    } else if (node.isArray() && !node.isEmpty()) {
      for (int i = 0; i < node.size(); i++) {
        add(leaves, path + "/" + i, node.get(i));
      }
    } else {
      leaves.put(path.isEmpty() ? "" : path.substring(1), node.asText().toLowerCase(Locale.ROOT));
    }
  }
}
