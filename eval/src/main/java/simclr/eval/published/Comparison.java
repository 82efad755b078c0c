package simclr.eval.published;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * A published result beside one of ours.
 *
 * @param published the row
 * @param differing why they are no comparison, by setting; empty if all seven settings agree
 * @param difference ours minus the published value in points; empty where they are no comparison,
 *     or the row is from memory or no number
 * @param finding what the difference means, or why there is none; one sentence
 */
public record Comparison(
    PublishedResult published,
    ImmutableMap<Setting, String> differing,
    OptionalDouble difference,
    String finding) {
  /** Below this a difference on CIFAR-10 is not a finding: runs differ as much by their seed. */
  private static final double CIFAR_NOISE = 0.5;

  private static final int OF_EACH_ORIGIN = 4;

  /** Sets a row beside a result. */
  static Comparison of(Measured ours, PublishedResult published) {
    ImmutableMap<Setting, String> differing = ours.conditions().differences(published.conditions());
    Optional<Double> value = ours.figure(published.metric());
    OptionalDouble number = published.number();
    boolean compared =
        differing.isEmpty()
            && value.isPresent()
            && number.isPresent()
            && published.verified() != Verified.MEMORY;
    OptionalDouble difference =
        compared
            ? OptionalDouble.of(value.orElseThrow() - number.orElseThrow())
            : OptionalDouble.empty();
    return new Comparison(
        published, differing, difference, finding(ours, published, differing, difference));
  }

  /**
   * The rows nearest to a result: of the paper, the release and other implementations a few each,
   * the most alike first.
   */
  public static ImmutableList<Comparison> nearest(Measured ours) {
    List<PublishedResult> rows =
        PublishedTables.results().stream()
            .filter(row -> ours.figure(row.metric()).isPresent())
            .sorted(
                Comparator.comparingInt(
                        (PublishedResult row) -> ours.conditions().distance(row.conditions()))
                    .thenComparing(row -> row.verified())
                    .thenComparing(row -> !row.metric().equals(PublishedResult.TOP_1)))
            .toList();
    return Stream.of(Origin.values())
        .flatMap(origin -> ofOrigin(ours, rows, origin))
        .map(row -> of(ours, row))
        .collect(toImmutableList());
  }

  /** Where there are rows about our data set, the others add nothing. */
  private static Stream<PublishedResult> ofOrigin(
      Measured ours, List<PublishedResult> rows, Origin origin) {
    List<PublishedResult> all = rows.stream().filter(row -> row.origin() == origin).toList();
    List<PublishedResult> near =
        all.stream().filter(row -> ours.conditions().aboutSameData(row.conditions())).toList();
    return near.isEmpty() ? all.stream().limit(1) : near.stream().limit(OF_EACH_ORIGIN);
  }

  private static String finding(
      Measured ours,
      PublishedResult published,
      ImmutableMap<Setting, String> differing,
      OptionalDouble difference) {
    if (!differing.isEmpty()) {
      return "No comparison: " + String.join("; ", differing.values()) + ".";
    }
    if (published.verified() == Verified.MEMORY) {
      return "The published value is from memory and enters no verdict.";
    }
    if (difference.isEmpty()) {
      return String.format(
          Locale.ROOT,
          "Published as \"%s\", which is not a number to subtract.",
          published.value());
    }
    double points = difference.getAsDouble();
    if (!published.exact()) {
      return String.format(
          Locale.ROOT,
          "The published value is rounded (\"%s\"): a difference of %s points is not conclusive.",
          published.value(),
          signed(points));
    }
    boolean cifar = published.conditions().value(Setting.DATA).orElse("").contains("CIFAR");
    if (cifar && Math.abs(points) < CIFAR_NOISE) {
      return "No finding: on CIFAR-10 runs differ by 0.5 points from seed to seed.";
    }
    boolean sampled =
        published.metric().equals(PublishedResult.TOP_1)
            && ours.top1Interval()
                .map(interval -> interval.contains(published.number().orElseThrow()))
                .orElse(false);
    return sampled
        ? "No finding: the published value lies within our 95 % interval."
        : String.format(
            Locale.ROOT,
            "%s than published by more than the noise of the test set.",
            points > 0 ? "Better" : "Worse");
  }

  /** A number of points with its sign. */
  public static String signed(double points) {
    return String.format(Locale.ROOT, "%+.2f", points);
  }
}
