package simclr.eval.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.config.UserException;
import simclr.eval.metrics.Bootstrap;
import simclr.eval.metrics.Predictions;

final class ModelComparisonTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "0, 0, 1",
    "1, 0, 1",
    "5, 5, 1",
    "0, 5, 0.0625",
    "2, 8, 0.109375", // 2 (1 + 10 + 45) / 1024
    "10, 25, 0.01667385", // by whole numbers, as the next
    "101, 59, 0.00112291",
  })
  void mcNemarIsTheTwoSidedBinomialTest(long onlyFirst, long onlySecond, double p) {
    assertThat(new McNemar(7, onlyFirst, onlySecond, 3).pValue()).isCloseTo(p, within(1e-6));
    assertThat(new McNemar(0, onlySecond, onlyFirst, 0).pValue()).isCloseTo(p, within(1e-6));
  }

  @Test
  void tensOfThousandsOfDisagreementsNeitherUnderflowNorOverflow() {
    assertThat(new McNemar(0, 20_000, 20_000, 0).pValue()).isEqualTo(1);
    // By log-gamma in Python.
    assertThat(new McNemar(0, 20_200, 19_800, 0).pValue()).isCloseTo(0.0460415, within(1e-6));
    assertThat(new McNemar(0, 40_000, 0, 0).pValue()).isEqualTo(0);
  }

  @Test
  void thePermutationTestEqualsMcNemarForTop1() {
    Random random = new Random(2);
    for (int round = 0; round < 10; round++) {
      long first = random.nextInt(90);
      long second = random.nextInt(90);
      double exact = new McNemar(0, first, second, 0).pValue();

      double permuted =
          new PermutationTest(40_000, round)
              .pValue(new long[] {first}, new long[] {second}, new double[] {1e-3});

      assertThat(permuted).isCloseTo(exact, within(4 * Math.sqrt(exact / 40_000) + 1e-4));
    }
  }

  /** No array is as long as the largest label. */
  @Test
  void labelsMayBeAnyNumbers() throws IOException {
    String head = "example,label,predicted,correct_top5\n";
    Path a = Files.writeString(dir.resolve("a.csv"), head + "0,2147483647,7,\n1,7,7,\n");
    Path b = Files.writeString(dir.resolve("b.csv"), head + "0,2147483647,2147483647,\n1,7,7,\n");

    ModelComparison found =
        ModelComparison.of(a, b, new Bootstrap(0, 100), new PermutationTest(100, 0));

    FigureDifference perClass = found.figures().get(1);
    assertThat(perClass.figure()).isEqualTo("mean_per_class");
    assertThat(perClass.first()).isEqualTo(0.5);
    assertThat(perClass.second()).isEqualTo(1);
  }

  @Test
  void figuresOfAHandMadePair() {
    // Class 0: A right on 3 of 4, B on 2 of 4; class 1: A right on 0 of 2, B on 2 of 2.
    write("a", labels(0, 0, 0, 0, 1, 1), 0, 0, 0, 1, 0, 0);
    write("b", labels(0, 0, 0, 0, 1, 1), 0, 0, 1, 1, 1, 1);

    ModelComparison result = compare("a", "b");

    assertThat(result.mcNemar()).isEqualTo(new McNemar(2, 1, 2, 1));
    assertThat(result.mcNemar().pValue()).isEqualTo(1);
    assertThat(result.figures())
        .extracting(FigureDifference::figure)
        .containsExactly("top_1", "mean_per_class");
    assertThat(result.figures().get(0).difference()).isCloseTo(1 / 6.0, within(1e-12));
    assertThat(result.figures().get(1).first()).isCloseTo(0.375, within(1e-12));
    assertThat(result.figures().get(1).second()).isCloseTo(0.75, within(1e-12));
    assertThat(result.figures().get(0).interval().contains(1 / 6.0)).isTrue();
    assertThat(result.lines())
        .anyMatch(line -> line.contains("both right 2, only A 1, only B 2, both wrong 1"))
        .last()
        .asString()
        .startsWith("no finding");
  }

  @Test
  void aClearDifferenceIsFoundAndAModelEqualsItself() throws IOException {
    int[] labels = new int[200];
    int[] a = new int[200];
    int[] b = new int[200];
    for (int i = 0; i < 200; i++) {
      labels[i] = i % 4;
      a[i] = i < 100 ? labels[i] : (labels[i] + 1) % 4;
      b[i] = i < 160 ? labels[i] : (labels[i] + 1) % 4;
    }
    write("a", labels, a);
    write("b", labels, b);

    ModelComparison better = compare("a", "b");
    JsonNode json = new ObjectMapper().readTree(better.json());

    assertThat(better.lines()).last().asString().startsWith("B is better");
    assertThat(json.at("/top_1/difference").asDouble()).isCloseTo(0.3, within(1e-12));
    assertThat(json.at("/top_1/interval/0").asDouble()).isBetween(0.2, 0.3);
    assertThat(json.at("/mcnemar/only_b").asInt()).isEqualTo(60);
    assertThat(json.at("/permutation/permutations").asInt()).isEqualTo(2000);
    assertThat(json.at("/significant").asBoolean()).isTrue();
    assertThat(compare("b", "a").lines()).last().asString().startsWith("A is better");
    assertThat(compare("a", "a").mcNemar().pValue()).isEqualTo(1);
    assertThat(compare("a", "a").figures().get(0).permutationP()).isEqualTo(1);
  }

  @Test
  void evaluationsOfOtherExamplesAreRefused() throws IOException {
    write("a", labels(0, 1, 1), 0, 1, 0);
    write("short", labels(0, 1), 0, 1);
    write("other", labels(0, 0, 1), 0, 1, 0);
    write("hash", labels(0, 1, 1), 0, 1, 0);
    Files.writeString(dir.resolve("a/result.json"), "{\"test\": {\"sha256\": \"aaaa\"}}");
    Files.writeString(dir.resolve("hash/result.json"), "{\"test\": {\"sha256\": \"bbbb\"}}");

    refused("a", "short", "answers 3 test examples and ", " answers 2, expected the same examples");
    refused("a", "other", "give example 1 the labels 1 and 0, expected the same examples in the");
    refused("a", "hash", "was tested on a split with SHA-256 aaaa", "on one with bbbb, expected");
  }

  @Test
  void hashesOfFeaturesTellEncodersApartAndAreNoReasonToRefuse() throws IOException {
    write("a", labels(0, 1), 0, 1);
    write("b", labels(0, 1), 0, 0);
    for (String name : new String[] {"a", "b"}) {
      Files.writeString(
          dir.resolve(name + "/result.json"),
          "{\"test\": {\"sha256\": \"%s\", \"sha256_of\": \"bytes of features and labels\"}}"
              .formatted(name));
    }

    assertThat(compare("a", "b").examples()).isEqualTo(2);
  }

  @Test
  void whatCannotBeReadIsNamed() throws IOException {
    write("a", labels(0), 0);
    Files.createDirectories(dir.resolve("empty"));
    Files.createDirectories(dir.resolve("broken"));
    Files.writeString(dir.resolve("broken/result.json"), "{\"test\":\n  oops}");
    Files.createDirectories(dir.resolve("list"));
    Files.writeString(dir.resolve("list/result.json"), "[1]");
    Files.createDirectories(dir.resolve("bare"));
    Files.writeString(dir.resolve("bare/result.json"), "{}");

    refused("a", "none", "none is not there, expected the directory of an evaluation");
    refused("a", "empty", "empty holds neither result.json nor predictions.csv");
    refused("a", "broken", "result.json line 2 column ", "is not valid JSON");
    refused("a", "list", "result.json holds no JSON object");
    refused("a", "bare", "bare holds no predictions.csv");
  }

  @Test
  void anEvaluationOfSeveralLabelsEachIsNoneToCompare() throws IOException {
    write("a", labels(0), 0);
    Files.createDirectories(dir.resolve("map"));
    Files.writeString(dir.resolve("map/result.json"), "{\"map_11\": 0.5}");

    refused("a", "map", "map is the evaluation of a multi-label set by 11-point mAP, expected one");
  }

  @Test
  void predictionsMayBeNamedThemselves() {
    write("a", labels(0, 1), 0, 0);

    assertThat(compare("a/predictions.csv", "a").examples()).isEqualTo(2);
  }

  private void refused(String a, String b, String... parts) {
    assertThatThrownBy(() -> compare(a, b))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll(parts)
        .message()
        .doesNotContain("\n");
  }

  private ModelComparison compare(String a, String b) {
    return ModelComparison.of(
        dir.resolve(a), dir.resolve(b), new Bootstrap(0, 500), new PermutationTest(2000, 0));
  }

  private static int[] labels(int... labels) {
    return labels;
  }

  private void write(String name, int[] labels, int... predicted) {
    ImmutableList.Builder<Predictions.Row> rows = ImmutableList.builder();
    for (int i = 0; i < labels.length; i++) {
      rows.add(new Predictions.Row(labels[i], predicted[i], Optional.empty()));
    }
    try {
      Files.createDirectories(dir.resolve(name));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    new Predictions(rows.build()).write(dir.resolve(name).resolve(Predictions.FILE));
  }
}
