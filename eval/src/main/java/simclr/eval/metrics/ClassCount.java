package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * How a class fared.
 *
 * @param name of the class
 * @param examples of it in the split
 * @param correct of these, how many were named right at first guess (recall)
 * @param predicted how many examples of any class were given this name
 */
public record ClassCount(String name, long examples, long correct, long predicted) {
  public ClassCount {
    checkArgument(
        0 <= correct && correct <= Math.min(examples, predicted),
        "correct (%s) must be in [0, min(%s, %s)]",
        correct,
        examples,
        predicted);
  }
}
