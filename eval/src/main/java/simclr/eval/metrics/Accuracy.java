package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A share of right answers that carries its count, so that its uncertainty is known.
 *
 * @param correct examples that were answered right
 * @param total examples asked, above 0
 */
public record Accuracy(long correct, long total) {
  /** Of the standard normal distribution: 95 % lie within this many deviations. */
  private static final double Z95 = 1.959963984540054;

  public Accuracy {
    checkArgument(total > 0, "total (%s) must be > 0", total);
    checkArgument(
        correct >= 0 && correct <= total, "correct (%s) must be in [0, %s]", correct, total);
  }

  /** The counts of a share that was kept without them; exact for up to 10 million examples. */
  public static Accuracy ofShare(double share, long total) {
    return new Accuracy(Math.round(share * total), total);
  }

  /** The share, 0 to 1. */
  public double value() {
    return (double) correct / total;
  }

  /** The 95 % interval of Wilson (1927), which stays inside [0, 1]. */
  public ConfidenceInterval interval() {
    double p = value();
    double z2 = Z95 * Z95 / total;
    double centre = (p + z2 / 2) / (1 + z2);
    double half = Z95 / (1 + z2) * Math.sqrt(p * (1 - p) / total + z2 / (4.0 * total));
    return new ConfidenceInterval(Math.max(centre - half, 0), Math.min(centre + half, 1));
  }
}
