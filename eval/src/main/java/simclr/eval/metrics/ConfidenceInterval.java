package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

/** A range that holds the true value in 95 of 100 samples. */
public record ConfidenceInterval(double low, double high) {
  public ConfidenceInterval {
    checkArgument(low <= high, "low (%s) must be <= high (%s)", low, high);
  }

  public boolean contains(double value) {
    return low <= value && value <= high;
  }
}
