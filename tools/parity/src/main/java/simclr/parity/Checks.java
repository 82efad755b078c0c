package simclr.parity;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;

/** Collects the comparisons of one file. */
final class Checks {
  private final List<Comparison> comparisons = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /** Begins a quantity; see {@link Quantity} for the names. */
  Comparison of(String group, String name) {
    Comparison comparison = new Comparison(group, name);
    comparisons.add(comparison);
    return comparison;
  }

  /** Takes over all that another has collected. */
  void addAll(Checks other) {
    comparisons.addAll(other.comparisons);
    notes.addAll(other.notes);
  }

  /** Adds a sentence about how the numbers came about. */
  void note(String sentence) {
    notes.add(sentence);
  }

  ImmutableList<String> notes() {
    return ImmutableList.copyOf(notes);
  }

  ImmutableList<Quantity> verdicts() {
    return comparisons.stream().map(Comparison::verdict).collect(ImmutableList.toImmutableList());
  }

  /** What is wrong with the first quantity that fails; empty if none does. */
  String firstFailure() {
    return verdicts().stream()
        .filter(quantity -> !quantity.holds())
        .map(Quantity::worst)
        .findFirst()
        .orElse("");
  }
}
