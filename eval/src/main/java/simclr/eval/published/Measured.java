package simclr.eval.published;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import simclr.eval.metrics.ConfidenceInterval;

/**
 * A result of ours that is to be set beside the published ones.
 *
 * @param conditions under which it came about
 * @param figures in per cent by metric, under the names of {@link PublishedResult#metric}
 * @param top1Interval 95 % interval of top-1 in per cent, where it is known
 */
public record Measured(
    Conditions conditions,
    ImmutableMap<String, Double> figures,
    Optional<ConfidenceInterval> top1Interval) {

  /** The value of a metric in per cent, if it was measured. */
  Optional<Double> figure(String metric) {
    return Optional.ofNullable(figures.get(metric));
  }
}
