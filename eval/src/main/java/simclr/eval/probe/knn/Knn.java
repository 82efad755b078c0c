package simclr.eval.probe.knn;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.EtaProgress;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.probe.Checks;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.Protocol;
import simclr.eval.published.Evaluation;
import simclr.eval.published.Evaluation.Method;
import simclr.inference.WeightedKnn;

/**
 * The classes of the nearest training examples by the cosine of the features, each with a vote. Of
 * several k, one is chosen on validation examples; all are reported. Those that are larger than the
 * number of examples are left out.
 *
 * @param k numbers of neighbours, in one pass
 * @param weighting weight of a neighbour's vote
 * @param temperature T of exp(cosine / T)
 * @param validationShare of the training examples, carved out where there is no validation split
 */
public record Knn(
    ImmutableList<Integer> k, Weighting weighting, double temperature, double validationShare)
    implements Protocol {
  /** Its name in records. */
  public static final String NAME = "knn";

  /** What its figures mean. */
  public static final String MEANING =
      "The classes of the nearest training images by cosine, weighted; nothing is trained.";

  private static final String DISTANCE = "cosine of the features as they are, not centred";

  /** Weight of a neighbour's vote. */
  public enum Weighting {
    /** exp(cosine / T), as in instance discrimination (arXiv 1805.01978). */
    EXP,
    /** 1. */
    UNIFORM
  }

  public Knn {
    Checks.require(!k.isEmpty(), "--k is empty, expected whole numbers such as 1,5,20,200");
    for (int count : k) {
      Checks.atLeastOne("--k", count);
    }
    Checks.require(
        k.stream().distinct().count() == k.size(), "--k is %s, expected each value once", k);
    Checks.positive("--knn_temperature", temperature);
    Checks.share("--validation_share", validationShare);
  }

  /** Four numbers of neighbours, weighted, T = 0.1. */
  public static Knn standard() {
    return new Knn(ImmutableList.of(1, 5, 20, 200), Weighting.EXP, 0.1, 0.2);
  }

  @Override
  public String protocol() {
    return NAME;
  }

  private record Settings(
      List<Integer> k,
      String distance,
      String weighting,
      @Nullable Double temperature,
      @Nullable String kChosenBy,
      @Nullable Double validationShare) {}

  @Override
  public Object settings(FeatureSets sets) {
    boolean chosen = k.size() > 1;
    return new Settings(
        k,
        DISTANCE,
        weighting == Weighting.EXP ? "exp(cosine / temperature)" : "uniform",
        weighting == Weighting.EXP ? temperature : null,
        chosen ? "validation top-1, the smaller of equals" : null,
        chosen ? validationShare : null);
  }

  @Override
  public String meaning(FeatureSets sets) {
    return MEANING;
  }

  /**
   * With all that a figure of nearest neighbours must not be compared without.
   *
   * @param k that was taken; {@code ?} if it is not known
   * @param temperature empty for votes of equal weight
   */
  public static Evaluation comparedAs(String k, Optional<String> temperature) {
    return Evaluation.of(Method.NEIGHBOURS)
        .with(
            String.format(
                Locale.ROOT,
                " k=%s cosine, %s",
                k,
                temperature
                    .map(value -> "weights exp(cosine / " + value + ")")
                    .orElse("no weights")));
  }

  @Override
  public boolean random(FeatureSets sets) {
    return k.size() > 1 && sets.validation().isEmpty();
  }

  @Override
  public Optional<Outcome> run(
      FeatureSets sets,
      long seed,
      Optional<Path> progress,
      Reporter reporter,
      BooleanSupplier stop) {
    if (k.size() == 1) {
      LabelledFeatures all = sets.validation().map(sets.train()::followedBy).orElse(sets.train());
      return classify(sets, fitting(all, reporter), all, sets.test(), reporter, stop)
          .map(found -> outcome(k, found, 0, Optional.empty()));
    }
    Partition partition = sets.partition(validationShare, seed);
    ImmutableList<Integer> counts = fitting(partition.fit(), reporter);
    return classify(sets, counts, partition.fit(), partition.validation(), reporter, stop)
        .flatMap(
            validated -> {
              int best = best(counts, validated);
              reporter.line(
                  String.format(
                      Locale.ROOT,
                      "k = %d chosen: %.2f %% of %,d validation examples%s",
                      counts.get(best),
                      100 * validated.get(best).top1().value(),
                      partition.validation().examples(),
                      partition.carved() ? ", carved from training" : ""));
              return classify(
                      sets, counts, partition.all(sets.train()), sets.test(), reporter, stop)
                  .map(found -> outcome(counts, found, best, Optional.of(partition)));
            });
  }

  /** The numbers of neighbours that a bank has. */
  private ImmutableList<Integer> fitting(LabelledFeatures bank, Reporter reporter) {
    ImmutableList<Integer> fitting =
        k.stream()
            .filter(count -> count <= bank.examples())
            .collect(ImmutableList.toImmutableList());
    if (fitting.isEmpty()) {
      throw new UserException(
          ExitCode.USAGE,
          "--k is %s, expected at most the %s examples that are searched",
          k.stream().mapToInt(Integer::intValue).min().orElseThrow(),
          bank.examples());
    }
    for (int count : k) {
      if (count > bank.examples()) {
        reporter.line(
            String.format(
                Locale.ROOT,
                "k = %d is left out: only %d examples are searched",
                count,
                bank.examples()));
      }
    }
    return fitting;
  }

  private static int best(List<Integer> counts, List<ClassificationMetrics> validated) {
    int best = 0;
    for (int i = 1; i < validated.size(); i++) {
      long correct = validated.get(i).top1().correct();
      long before = validated.get(best).top1().correct();
      if (correct > before || (correct == before && counts.get(i) < counts.get(best))) {
        best = i;
      }
    }
    return best;
  }

  private record Details(int k, List<ByK> byK) {}

  private record ByK(
      int k,
      @JsonProperty(value = "top_1") double top1,
      @JsonProperty("top_5") @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable Double top5) {
    static ByK of(int k, ClassificationMetrics found) {
      return new ByK(k, found.top1().value(), found.top5().map(Accuracy::value).orElse(null));
    }
  }

  private Outcome outcome(
      List<Integer> counts,
      List<ClassificationMetrics> found,
      int chosen,
      Optional<Partition> partition) {
    List<ByK> rows =
        IntStream.range(0, found.size())
            .mapToObj(i -> ByK.of(counts.get(i), found.get(i)))
            .toList();
    Optional<String> weight =
        weighting == Weighting.EXP ? Optional.of(Double.toString(temperature)) : Optional.empty();
    ImmutableList.Builder<String> lines = ImmutableList.builder();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s, votes weighted %s, k = %d",
            DISTANCE,
            weight.map(value -> "exp(cosine / " + value + ")").orElse("uniform"),
            counts.get(chosen)));
    rows.forEach(
        row ->
            lines.add(
                String.format(Locale.ROOT, "k = %d: top-1 %.2f %%", row.k(), 100 * row.top1())));
    return new Outcome(
        found.get(chosen),
        found.size(),
        partition,
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        new Details(counts.get(chosen), rows),
        lines.build(),
        comparedAs(counts.get(chosen).toString(), weight));
  }

  /** Measures for each number of neighbours. */
  private Optional<List<ClassificationMetrics>> classify(
      FeatureSets sets,
      List<Integer> counts,
      LabelledFeatures bank,
      LabelledFeatures queries,
      Reporter reporter,
      BooleanSupplier stop) {
    List<ClassificationMetrics.Tally> tallies = new ArrayList<>();
    counts.forEach(count -> tallies.add(ClassificationMetrics.over(sets.classNames())));
    EtaProgress eta = EtaProgress.of(reporter, "searching neighbours", 0, queries.examples());
    OptionalDouble weight =
        weighting == Weighting.EXP ? OptionalDouble.of(temperature) : OptionalDouble.empty();
    int classes = sets.classes();
    try (WeightedKnn knn =
        WeightedKnn.of(bank.matrix(), bank.labels()::get, classes, counts, weight)) {
      for (int from = 0; from < queries.examples(); from += knn.batch()) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        int count = Math.min(knn.batch(), queries.examples() - from);
        List<float[]> votes = knn.votes(queries.matrix(), from, count);
        for (int index = 0; index < counts.size(); index++) {
          for (int i = 0; i < count; i++) {
            float[] row = Arrays.copyOfRange(votes.get(index), i * classes, (i + 1) * classes);
            tallies.get(index).add(row, queries.labels().get(from + i));
          }
        }
        eta.at(from + count);
      }
    }
    eta.end();
    return Optional.of(tallies.stream().map(ClassificationMetrics.Tally::finish).toList());
  }
}
