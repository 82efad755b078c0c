package simclr.eval.metrics;

import java.util.OptionalDouble;

/** What the test examples say about one class. */
public sealed interface ClassResult {
  /** The class. */
  String name();

  /**
   * Of a set whose examples have one class each.
   *
   * @param examples of the class
   * @param correct of these, how many were named right at first guess
   */
  record Recall(String name, long examples, long correct) implements ClassResult {}

  /**
   * Of a multi-label set.
   *
   * @param positives examples of the class
   * @param averagePrecision empty for a class without an example
   */
  record Precision(String name, long positives, OptionalDouble averagePrecision)
      implements ClassResult {}
}
