package simclr.data.records;

import com.google.common.hash.Hashing;
import com.google.common.primitives.ImmutableIntArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A share of the examples of each class. Which they are is a function of seed and index alone, and
 * a larger share contains a smaller.
 *
 * @param indices rising
 * @param fact share, count and seed in words
 */
public record StratifiedSubset(Split split, ImmutableIntArray indices, String fact) {
  /**
   * Chooses.
   *
   * @param fraction of each class, rounded to the nearest count and at least one; in (0, 1]
   * @throws UserException (usage) if the split has no labels
   */
  public static StratifiedSubset of(Split split, double fraction, int seed) {
    if (!split.labelled()) {
      throw new UserException(
          ExitCode.USAGE,
          "--label_fraction is %s and split %s has no labels, expected labelled images",
          fraction,
          split.name());
    }
    ImmutableLongArray labels = split.records().labels();
    Map<Long, List<Integer>> byClass = new TreeMap<>();
    IntStream.range(0, labels.length())
        .forEach(i -> byClass.computeIfAbsent(labels.get(i), c -> new ArrayList<>()).add(i));
    TreeSet<Integer> chosen = new TreeSet<>();
    int fewest = Integer.MAX_VALUE;
    int most = 0;
    for (List<Integer> members : byClass.values()) {
      int count = (int) Math.max(1, Math.rint(fraction * members.size()));
      members.stream()
          .sorted(Comparator.comparingLong((Integer i) -> hash(seed, i)).thenComparing(i -> i))
          .limit(count)
          .forEach(chosen::add);
      fewest = Math.min(fewest, count);
      most = Math.max(most, count);
    }
    return new StratifiedSubset(
        split,
        ImmutableIntArray.copyOf(chosen),
        String.format(
            Locale.ROOT,
            "--label_fraction=%s of %s: %s images, %s of each class, seed %s",
            fraction,
            split.examples(),
            chosen.size(),
            fewest == most ? Integer.toString(most) : fewest + " to " + most,
            seed));
  }

  /** The split of the chosen examples. */
  public Split alone() {
    return split.select(indices, fact);
  }

  /** All examples, of which the chosen ones alone have labels. */
  public Split labelled() {
    return split.hidingOtherLabels(indices, "labels known: " + fact);
  }

  private static long hash(int seed, int index) {
    return Hashing.murmur3_128(seed).hashInt(index).asLong();
  }
}
