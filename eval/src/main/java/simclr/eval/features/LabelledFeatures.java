package simclr.eval.features;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.primitives.Ints;
import java.util.Optional;
import java.util.stream.IntStream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.MultiLabels;
import simclr.eval.record.SplitInfo;

/**
 * Examples as a probe takes them.
 *
 * @param name of split or file, for messages and the record
 * @param matrix a row for each example
 * @param labels class of each row, or classes
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

  /** What the record of an evaluation tells of them. */
  public SplitInfo info() {
    return SplitInfo.of(name, examples(), digest.sha256(), digest.of());
  }

  /** Some of the examples. */
  public LabelledFeatures select(int[] rows) {
    return new LabelledFeatures(name, matrix.select(rows), labels.select(rows), digest);
  }

  /**
   * The same examples, each with its one class.
   *
   * @param metric that needs it, for the message
   * @throws UserException DATA if an example has none or several
   */
  LabelledFeatures singleLabelled(String metric) {
    return labels
        .several()
        .map(all -> with(Labels.of(all.singleClasses(name, metric))))
        .orElse(this);
  }

  /**
   * The same examples, told apart by one class of a multi-label set: 1 who belongs to it, else 0.
   */
  public LabelledFeatures oneVsRest(int label) {
    return with(labels.oneVsRest(label));
  }

  private LabelledFeatures with(Labels other) {
    return new LabelledFeatures(name, matrix, other, digest);
  }

  /** These examples, then others. */
  public LabelledFeatures followedBy(LabelledFeatures other) {
    return new LabelledFeatures(
        name + " + " + other.name,
        matrix.followedBy(other.matrix),
        labels.followedBy(other.labels),
        digest);
  }

  /** Labels on the heap that nobody changes: the class of each row, or any number of classes. */
  public static final class Labels {
    private final int[] values;
    private final Optional<MultiLabels> several;

    private Labels(int[] values, Optional<MultiLabels> several) {
      this.values = values;
      this.several = several;
    }

    /** One class each. */
    public static Labels of(int... values) {
      return new Labels(values.clone(), Optional.empty());
    }

    /** Any number of classes each. */
    public static Labels of(MultiLabels several) {
      return new Labels(new int[0], Optional.of(several));
    }

    /** Those of a multi-label set; empty where each row has one class. */
    public Optional<MultiLabels> several() {
      return several;
    }

    int count() {
      return several.map(MultiLabels::examples).orElse(values.length);
    }

    /** The class of a row; there is none in a multi-label set. */
    public int get(int row) {
      return single()[row];
    }

    /** The largest index. */
    int largest() {
      return IntStream.of(single()).max().orElse(-1);
    }

    /** Rows of each class. */
    public int[] counts(int classes) {
      int[] counts = new int[classes];
      for (int label : single()) {
        counts[label]++;
      }
      return counts;
    }

    public int[] toArray() {
      return single().clone();
    }

    /** 1 for rows that belong to a class of a multi-label set, else 0. */
    public Labels oneVsRest(int label) {
      MultiLabels all = several.orElseThrow();
      return of(
          IntStream.range(0, all.examples()).map(row -> all.has(row, label) ? 1 : 0).toArray());
    }

    Labels select(int[] rows) {
      return several
          .map(all -> of(all.select(rows)))
          .orElseGet(() -> of(IntStream.of(rows).map(this::get).toArray()));
    }

    /** Both have one class each, or both several. */
    Labels followedBy(Labels other) {
      return several
          .map(all -> of(all.followedBy(other.several.orElseThrow())))
          .orElseGet(() -> of(Ints.concat(single(), other.single())));
    }

    private int[] single() {
      checkState(several.isEmpty(), "examples of a multi-label set have no single class");
      return values;
    }
  }
}
