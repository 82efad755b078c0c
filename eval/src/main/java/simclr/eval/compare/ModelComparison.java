package simclr.eval.compare;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;
import simclr.eval.metrics.Bootstrap;
import simclr.eval.metrics.Predictions;
import simclr.eval.record.StoredEvaluation;

/**
 * Whether model B is better than model A on the test examples that both answered.
 *
 * @param a evaluation of A
 * @param b evaluation of B
 * @param examples how many there are
 * @param mcNemar on top-1
 * @param figures top-1, top-5 where there is one, mean per class
 * @param bootstrap how intervals were made
 * @param permutation how the permutation test was run
 */
public record ModelComparison(
    StoredEvaluation a,
    StoredEvaluation b,
    int examples,
    McNemar mcNemar,
    ImmutableList<FigureDifference> figures,
    Bootstrap bootstrap,
    PermutationTest permutation) {
  /** Below this a difference is called one. */
  private static final double LEVEL = 0.05;

  /**
   * Compares two evaluations.
   *
   * @param a directory of an evaluation or its predictions
   * @param b the same of another model on the same examples
   * @throws simclr.config.UserException if one cannot be read or they are of different examples
   */
  public static ModelComparison of(
      Path a, Path b, Bootstrap bootstrap, PermutationTest permutation) {
    StoredEvaluation first = StoredEvaluation.read(a);
    StoredEvaluation second = StoredEvaluation.read(b);
    Pairing pairing = Pairing.of(first, second);
    ImmutableList.Builder<FigureDifference> figures = ImmutableList.builder();
    figures.add(share("top_1", pairing, Predictions.Row::correct, bootstrap, permutation));
    if (pairing.first().top5().isPresent() && pairing.second().top5().isPresent()) {
      figures.add(
          share("top_5", pairing, row -> row.correctTop5().orElseThrow(), bootstrap, permutation));
    }
    figures.add(meanPerClass(pairing, bootstrap, permutation));
    return new ModelComparison(
        first,
        second,
        pairing.examples(),
        McNemar.of(pairing.first().correct(), pairing.second().correct()),
        figures.build(),
        bootstrap,
        permutation);
  }

  /** Whether McNemar's test calls the models different at 5 %. */
  boolean significant() {
    return mcNemar.pValue() < LEVEL;
  }

  private static FigureDifference share(
      String figure,
      Pairing pairing,
      Predicate<Predictions.Row> right,
      Bootstrap bootstrap,
      PermutationTest permutation) {
    int n = pairing.examples();
    double[] differences = new double[n];
    long[] onlyFirst = new long[1];
    long[] onlySecond = new long[1];
    int first = 0;
    int second = 0;
    for (int i = 0; i < n; i++) {
      boolean a = right.test(pairing.first().rows().get(i));
      boolean b = right.test(pairing.second().rows().get(i));
      first += a ? 1 : 0;
      second += b ? 1 : 0;
      onlyFirst[0] += a && !b ? 1 : 0;
      onlySecond[0] += b && !a ? 1 : 0;
      differences[i] = (b ? 1 : 0) - (a ? 1 : 0);
    }
    return new FigureDifference(
        figure,
        (double) first / n,
        (double) second / n,
        bootstrap.ofMean(differences),
        permutation.pValue(onlyFirst, onlySecond, new double[] {1.0 / n}));
  }

  private static FigureDifference meanPerClass(
      Pairing pairing, Bootstrap bootstrap, PermutationTest permutation) {
    int[] occur = pairing.classes();
    int classes = occur.length;
    int n = pairing.examples();
    int[] labels = new int[n];
    int[] gains = new int[n];
    long[] onlyFirst = new long[classes];
    long[] onlySecond = new long[classes];
    long[] examples = new long[classes];
    long[] firstRight = new long[classes];
    for (int i = 0; i < n; i++) {
      boolean a = pairing.first().rows().get(i).correct();
      boolean b = pairing.second().rows().get(i).correct();
      labels[i] = Arrays.binarySearch(occur, pairing.first().rows().get(i).label());
      gains[i] = (b ? 1 : 0) - (a ? 1 : 0);
      examples[labels[i]]++;
      firstRight[labels[i]] += a ? 1 : 0;
      onlyFirst[labels[i]] += a && !b ? 1 : 0;
      onlySecond[labels[i]] += b && !a ? 1 : 0;
    }
    double[] weight = new double[classes];
    double first = 0;
    double difference = 0;
    for (int c = 0; c < classes; c++) {
      weight[c] = 1.0 / classes / examples[c];
      first += weight[c] * firstRight[c];
      difference += weight[c] * (onlySecond[c] - onlyFirst[c]);
    }
    return new FigureDifference(
        "mean_per_class",
        first,
        first + difference,
        bootstrap.interval(n, sample -> meanGain(sample, labels, gains, classes)),
        permutation.pValue(onlyFirst, onlySecond, weight));
  }

  private static double meanGain(int[] sample, int[] labels, int[] gains, int classes) {
    long[] gain = new long[classes];
    long[] count = new long[classes];
    for (int i : sample) {
      gain[labels[i]] += gains[i];
      count[labels[i]]++;
    }
    double sum = 0;
    int occurring = 0;
    for (int c = 0; c < classes; c++) {
      if (count[c] > 0) {
        sum += (double) gain[c] / count[c];
        occurring++;
      }
    }
    return sum / occurring;
  }

  /** For people. */
  public List<String> lines() {
    return Stream.of(
            Stream.of(side("A", a), side("B", b)),
            figures.stream().map(ModelComparison::line),
            Stream.of(
                String.format(
                    Locale.ROOT,
                    "of %d test examples: both right %d, only A %d, only B %d, both wrong %d",
                    examples,
                    mcNemar.bothRight(),
                    mcNemar.onlyFirst(),
                    mcNemar.onlySecond(),
                    mcNemar.bothWrong()),
                "McNemar's exact test on top-1: p = " + McNemar.inWords(mcNemar.pValue()),
                String.format(
                    Locale.ROOT,
                    "intervals: %s; permutation test: %d permutations, seed %d",
                    bootstrap.method(),
                    permutation.permutations(),
                    permutation.seed()),
                verdict()))
        .flatMap(lines -> lines)
        .collect(toImmutableList());
  }

  private String verdict() {
    if (!significant()) {
      return "no finding: models equally good differ as much on these examples by chance (p >= 5"
          + " %)";
    }
    String better = mcNemar.onlySecond() > mcNemar.onlyFirst() ? "B" : "A";
    return better
        + " is better on these examples (p < 5 %); whether another seed would agree, this test"
        + " cannot tell";
  }

  private static String side(String name, StoredEvaluation side) {
    String summary = side.summary();
    return name + ": " + side.path() + (summary.isEmpty() ? "" : " (" + summary + ")");
  }

  private static String line(FigureDifference figure) {
    return String.format(
        Locale.ROOT,
        "%-14s A %5.2f %%, B %5.2f %%, B - A %+.2f points, 95 %% interval %+.2f to %+.2f,"
            + " permutation test p = %s",
        figure.figure(),
        100 * figure.first(),
        100 * figure.second(),
        100 * figure.difference(),
        100 * figure.interval().low(),
        100 * figure.interval().high(),
        McNemar.inWords(figure.permutationP()));
  }

  /** For programs: one object. */
  public String json() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    describe(json.putObject("a"), a);
    describe(json.putObject("b"), b);
    json.put("examples", examples);
    for (FigureDifference figure : figures) {
      ObjectNode node = json.putObject(figure.figure());
      node.put("a", figure.first()).put("b", figure.second());
      node.put("difference", figure.difference());
      node.putArray("interval").add(figure.interval().low()).add(figure.interval().high());
      node.put("permutation_p", figure.permutationP());
    }
    json.putObject("mcnemar")
        .put("both_right", mcNemar.bothRight())
        .put("only_a", mcNemar.onlyFirst())
        .put("only_b", mcNemar.onlySecond())
        .put("both_wrong", mcNemar.bothWrong())
        .put("p", mcNemar.pValue());
    json.put("interval_method", bootstrap.method());
    json.putObject("permutation")
        .put("permutations", permutation.permutations())
        .put("seed", permutation.seed());
    return json.put("significant", significant()).toString();
  }

  private static void describe(ObjectNode json, StoredEvaluation side) {
    json.put("path", side.path().toString());
    if (!side.summary().isEmpty()) {
      json.put("summary", side.summary());
    }
  }
}
