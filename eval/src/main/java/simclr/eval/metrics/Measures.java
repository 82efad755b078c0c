package simclr.eval.metrics;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Optional;

/**
 * How well the test examples were answered.
 *
 * @param metrics by name, such as {@link Metric#TOP_1}, the main one first
 * @param intervalMethod how intervals were made
 * @param classes one for each class, in their order
 * @param confusion counts of examples: a row for each true class, in it the classes that were
 *     named; empty for a multi-label set
 */
public record Measures(
    ImmutableMap<String, Metric> metrics,
    Optional<String> intervalMethod,
    ImmutableList<ClassResult> classes,
    ImmutableList<ImmutableLongArray> confusion) {

  /** A figure, if it was measured. */
  public Optional<Metric> metric(String name) {
    return Optional.ofNullable(metrics.get(name));
  }

  /** Whether examples may belong to several classes or none. */
  public boolean isMultiLabel() {
    return metrics.containsKey(Metric.MAP_11);
  }
}
