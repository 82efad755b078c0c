package simclr.eval.record;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Examples that took part in an evaluation.
 *
 * @param split its name
 * @param examples how many there are
 * @param sha256 what tells them from others
 * @param sha256Of what was hashed, in words
 * @param carvedFromTrain of validation examples: whether they were held out of the training split
 * @param used of test examples: how many classifiers were measured on them
 * @param examplesEvaluated of test examples: how many were evaluated, where it may be a part
 */
public record SplitInfo(
    @Nullable String split,
    @Nullable Long examples,
    @Nullable String sha256,
    @Nullable String sha256Of,
    @Nullable Boolean carvedFromTrain,
    @Nullable Long used,
    @Nullable Long examplesEvaluated) {

  /** A split as it is. */
  public static SplitInfo of(String split, long examples, String sha256, String sha256Of) {
    return new SplitInfo(split, examples, sha256, sha256Of, null, null, null);
  }

  /** As validation examples. */
  public SplitInfo validation(boolean carvedFromTrain) {
    return new SplitInfo(split, examples, sha256, sha256Of, carvedFromTrain, null, null);
  }

  /** As test examples on which so many classifiers were measured. */
  public SplitInfo test(long used) {
    return new SplitInfo(split, examples, sha256, sha256Of, null, used, null);
  }

  /** As test examples of which so many were evaluated. */
  public SplitInfo evaluated(long count) {
    return new SplitInfo(split, examples, sha256, sha256Of, carvedFromTrain, used, count);
  }

  /** How many examples were measured; empty where the record does not tell. */
  public OptionalLong measured() {
    Long count = examplesEvaluated != null ? examplesEvaluated : examples;
    return count == null ? OptionalLong.empty() : OptionalLong.of(count);
  }
}
