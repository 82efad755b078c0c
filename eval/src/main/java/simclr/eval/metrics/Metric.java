package simclr.eval.metrics;

import java.util.Optional;

/**
 * A figure of an evaluation.
 *
 * @param value 0 to 1
 * @param counts of right answers, where the figure is a share of examples
 * @param interval of 95 %, where it is known
 */
public record Metric(
    double value, Optional<Accuracy> counts, Optional<ConfidenceInterval> interval) {
  public static final String TOP_1 = "top_1";
  public static final String TOP_5 = "top_5";
  public static final String MEAN_PER_CLASS = "mean_per_class";
  public static final String MAP_11 = "map_11";

  /** A share of right answers with its Wilson interval. */
  static Metric of(Accuracy accuracy) {
    return new Metric(accuracy.value(), Optional.of(accuracy), Optional.of(accuracy.interval()));
  }

  /** A figure that is not a share of the examples. */
  static Metric of(double value, ConfidenceInterval interval) {
    return new Metric(value, Optional.empty(), Optional.of(interval));
  }

  /** The name of a figure for people, such as {@code top-1}. */
  public static String label(String name) {
    return switch (name) {
      case TOP_1 -> "top-1";
      case TOP_5 -> "top-5";
      case MEAN_PER_CLASS -> "mean per class";
      case MAP_11 -> "11-point mAP";
      default -> name;
    };
  }
}
