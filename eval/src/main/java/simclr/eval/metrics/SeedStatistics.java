package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collection;
import java.util.OptionalDouble;

/**
 * A figure of runs that differ in their seed alone.
 *
 * @param runs how many, above 0
 * @param mean of the figure
 * @param deviation standard deviation of one run (over n - 1); empty for a single run, whose spread
 *     is unknown
 */
public record SeedStatistics(int runs, double mean, OptionalDouble deviation) {

  /** Summarises one value for each seed. */
  public static SeedStatistics of(Collection<Double> values) {
    checkArgument(!values.isEmpty(), "there must be a value");
    double mean = values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    double squares = values.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
    return new SeedStatistics(
        values.size(),
        mean,
        values.size() == 1
            ? OptionalDouble.empty()
            : OptionalDouble.of(Math.sqrt(squares / (values.size() - 1))));
  }
}
