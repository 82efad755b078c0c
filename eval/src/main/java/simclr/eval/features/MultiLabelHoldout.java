package simclr.eval.features;

import com.google.common.primitives.ImmutableIntArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import simclr.eval.metrics.MultiLabels;

/**
 * Examples of a multi-label set that are held out to choose a setting on.
 *
 * <p>An example counts for its rarest class, and of each class the same share is held: a frequent
 * class is drawn well by chance, a rare one is not. Every class keeps an example with it and one
 * without it to learn from.
 */
final class MultiLabelHoldout {
  private final MultiLabels labels;
  private final int[] with;
  private final int[] without;

  private MultiLabelHoldout(MultiLabels labels) {
    this.labels = labels;
    this.with = IntStream.range(0, labels.classes()).map(labels::positives).toArray();
    this.without = IntStream.of(with).map(count -> labels.examples() - count).toArray();
  }

  /**
   * Rows to hold, in their order.
   *
   * @param share of the examples, in (0, 1)
   * @return none where the share of every class is less than one example
   */
  static ImmutableIntArray held(MultiLabels labels, double share, SplittableRandom random) {
    return new MultiLabelHoldout(labels).held(share, random);
  }

  private ImmutableIntArray held(double share, SplittableRandom random) {
    List<Integer> rarestFirst = new ArrayList<>();
    IntStream.range(0, labels.classes()).forEach(rarestFirst::add);
    int[] frequency = with.clone();
    rarestFirst.sort(Comparator.comparingInt(c -> frequency[c]));
    Set<Integer> left = new HashSet<>();
    IntStream.range(0, labels.examples()).forEach(left::add);
    List<Integer> held = new ArrayList<>();
    for (int label : rarestFirst) {
      List<Integer> group = left.stream().filter(row -> labels.has(row, label)).sorted().toList();
      group.forEach(left::remove);
      hold(group, share, random, held);
    }
    if (held.isEmpty()) {
      return ImmutableIntArray.of();
    }
    hold(left.stream().sorted().toList(), share, random, held);
    return ImmutableIntArray.copyOf(held.stream().mapToInt(Integer::intValue).sorted());
  }

  private void hold(
      List<Integer> group, double share, SplittableRandom random, List<Integer> held) {
    List<Integer> rows = new ArrayList<>(group);
    FeatureSets.shuffle(rows, random);
    long wanted = Math.round(share * rows.size());
    for (int row : rows) {
      if (wanted > 0 && spared(row)) {
        for (int c = 0; c < with.length; c++) {
          (labels.has(row, c) ? with : without)[c]--;
        }
        held.add(row);
        wanted--;
      }
    }
  }

  /** Whether each class still has an example on this one's side without it. */
  private boolean spared(int row) {
    return IntStream.range(0, with.length)
        .allMatch(c -> (labels.has(row, c) ? with : without)[c] > 1);
  }
}
