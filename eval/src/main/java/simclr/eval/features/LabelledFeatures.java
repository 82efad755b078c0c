package simclr.eval.features;

import java.util.Arrays;
import java.util.stream.IntStream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Examples as a probe takes them.
 *
 * @param name of split or file, for messages and the record
 * @param matrix a row for each example
 * @param labels class of each row
 * @param digest what tells these examples from others
 */
public record LabelledFeatures(
    String name, FeatureMatrix matrix, Labels labels, DataDigest digest) {

  public LabelledFeatures {
    if (matrix.rows() != labels.count()) {
      throw new UserException(
          ExitCode.DATA,
          "%s has %s rows of features and %s labels, expected as many of each",
          name,
          matrix.rows(),
          labels.count());
    }
  }

  public int examples() {
    return matrix.rows();
  }

  /** Some of the examples. */
  public LabelledFeatures select(int[] rows) {
    return new LabelledFeatures(name, matrix.select(rows), labels.select(rows), digest);
  }

  /** These examples, then others. */
  public LabelledFeatures followedBy(LabelledFeatures other) {
    return new LabelledFeatures(
        name + " + " + other.name,
        matrix.followedBy(other.matrix),
        labels.followedBy(other.labels),
        digest);
  }

  /** Class indices on the heap that nobody changes. */
  public static final class Labels {
    private final int[] values;

    private Labels(int[] values) {
      this.values = values;
    }

    public static Labels of(int... values) {
      return new Labels(values.clone());
    }

    public int count() {
      return values.length;
    }

    public int get(int row) {
      return values[row];
    }

    /** The largest index. */
    public int largest() {
      return IntStream.of(values).max().orElse(-1);
    }

    /** Rows of each class. */
    public int[] counts(int classes) {
      int[] counts = new int[classes];
      for (int label : values) {
        counts[label]++;
      }
      return counts;
    }

    public int[] toArray() {
      return values.clone();
    }

    Labels select(int[] rows) {
      return new Labels(IntStream.of(rows).map(row -> values[row]).toArray());
    }

    Labels followedBy(Labels other) {
      int[] both = Arrays.copyOf(values, values.length + other.values.length);
      System.arraycopy(other.values, 0, both, values.length, other.values.length);
      return new Labels(both);
    }
  }
}
