package simclr.eval.probe.knn;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.EtaProgress;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.probe.Checks;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.ProbeResult;
import simclr.eval.probe.Protocol;

/**
 * The classes of the nearest training examples by the cosine of the features, each with a vote. Of
 * several k, one is chosen on validation examples; all are reported.
 *
 * @param k numbers of neighbours, in one pass
 * @param weighting what a vote counts
 * @param temperature T of exp(cosine / T)
 * @param validationShare of the training examples, carved out where there is no validation split
 */
public record Knn(
    ImmutableList<Integer> k, Weighting weighting, double temperature, double validationShare)
    implements Protocol {

  /** What the vote of a neighbour counts. */
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
    return "knn";
  }

  @Override
  public String command() {
    return "knn";
  }

  @Override
  public void describe(ObjectNode settings, FeatureSets sets) {
    ArrayNode counts = settings.putArray("k");
    k.forEach(counts::add);
    settings.put("distance", "cosine of the features as they are, not centred");
    settings.put("weighting", weighting == Weighting.EXP ? "exp(cosine / temperature)" : "uniform");
    if (weighting == Weighting.EXP) {
      settings.put("temperature", temperature);
    }
    if (k.size() > 1) {
      settings.put("k_chosen_by", "validation top-1, the smaller of equals");
      settings.put("validation_share", validationShare);
    }
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
      return classify(sets, all, sets.test(), reporter, stop)
          .map(found -> outcome(found, 0, Optional.empty()));
    }
    Partition partition = sets.partition(validationShare, seed);
    return classify(sets, partition.fit(), partition.validation(), reporter, stop)
        .flatMap(
            validated -> {
              int best = best(validated);
              reporter.line(
                  String.format(
                      Locale.ROOT,
                      "k = %d chosen: %.2f %% of %,d validation examples%s",
                      k.get(best),
                      100 * validated.get(best).top1().value(),
                      partition.validation().examples(),
                      partition.carved() ? ", carved from training" : ""));
              return classify(sets, partition.all(sets.train()), sets.test(), reporter, stop)
                  .map(found -> outcome(found, best, Optional.of(partition)));
            });
  }

  private int best(List<ClassificationMetrics> validated) {
    int best = 0;
    for (int i = 1; i < validated.size(); i++) {
      long correct = validated.get(i).top1().correct();
      long before = validated.get(best).top1().correct();
      if (correct > before || (correct == before && k.get(i) < k.get(best))) {
        best = i;
      }
    }
    return best;
  }

  private Outcome outcome(
      List<ClassificationMetrics> found, int chosen, Optional<Partition> partition) {
    ObjectNode details = Outcome.object();
    details.put("k", k.get(chosen));
    ArrayNode rows = details.putArray("by_k");
    for (int i = 0; i < k.size(); i++) {
      ObjectNode row = rows.addObject();
      row.put("k", k.get(i)).put("top_1", found.get(i).top1().value());
      ProbeResult.optional(
          row,
          "top_5",
          found
              .get(i)
              .top5()
              .map(top5 -> OptionalDouble.of(top5.value()))
              .orElse(OptionalDouble.empty()));
    }
    return new Outcome(
        found.get(chosen),
        found.size(),
        partition,
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        details);
  }

  /** Measures for each k. */
  private Optional<List<ClassificationMetrics>> classify(
      FeatureSets sets,
      LabelledFeatures bank,
      LabelledFeatures queries,
      Reporter reporter,
      BooleanSupplier stop) {
    int most = k.stream().mapToInt(Integer::intValue).max().orElseThrow();
    if (most > bank.examples()) {
      throw new UserException(
          ExitCode.USAGE,
          "--k is %s, expected at most the %s examples that are searched",
          most,
          bank.examples());
    }
    List<ClassificationMetrics.Tally> tallies = new ArrayList<>();
    k.forEach(count -> tallies.add(ClassificationMetrics.over(sets.classNames())));
    EtaProgress countdown = EtaProgress.of(reporter, "searching neighbours", 0, queries.examples());
    boolean whole;
    try (NeighbourVotes votes = NeighbourVotes.of(bank, sets.classes(), this)) {
      whole =
          votes.each(
              queries,
              (example, index, scores) -> {
                tallies.get(index).add(scores, queries.labels().get(example));
                countdown.at(example + 1);
              },
              stop);
    }
    countdown.end();
    return whole
        ? Optional.of(tallies.stream().map(ClassificationMetrics.Tally::finish).toList())
        : Optional.empty();
  }
}
