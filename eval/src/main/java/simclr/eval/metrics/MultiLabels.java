package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ObjectArrays;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Examples that may each belong to several classes or none, as in Pascal VOC.
 *
 * <p>Such a set is measured by {@link MeanAveragePrecision}. Where each example happens to have
 * exactly one class, it can be read as an ordinary set: {@link #singleClasses}.
 */
public final class MultiLabels {
  private final boolean[][] classes;

  private MultiLabels(boolean[][] classes) {
    this.classes = classes;
  }

  /**
   * Takes one row for each example.
   *
   * @param classes shape (examples, classes): whether the example belongs to the class
   */
  public static MultiLabels of(boolean[][] classes) {
    checkArgument(classes.length > 0, "there must be an example");
    boolean[][] copy = new boolean[classes.length][];
    for (int i = 0; i < classes.length; i++) {
      checkArgument(classes[i].length == classes[0].length, "row %s has another length", i);
      copy[i] = classes[i].clone();
    }
    return new MultiLabels(copy);
  }

  public int examples() {
    return classes.length;
  }

  public int classes() {
    return classes[0].length;
  }

  public boolean has(int example, int label) {
    return classes[example][label];
  }

  /** How many examples belong to the class. */
  public int positives(int label) {
    int count = 0;
    for (boolean[] row : classes) {
      count += row[label] ? 1 : 0;
    }
    return count;
  }

  /** Some of the examples, in the order of {@code rows}. */
  public MultiLabels select(int[] rows) {
    boolean[][] kept = new boolean[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      kept[i] = classes[rows[i]];
    }
    return of(kept);
  }

  /** These examples, then others of the same classes. */
  public MultiLabels followedBy(MultiLabels other) {
    return of(ObjectArrays.concat(classes, other.classes, boolean[].class));
  }

  /**
   * The one class of each example.
   *
   * @param name of the set, for the message
   * @param metric that needs one class for each example, such as {@code top_1}
   * @throws UserException DATA if an example has none or several
   */
  public int[] singleClasses(String name, String metric) {
    int[] single = new int[classes.length];
    for (int i = 0; i < classes.length; i++) {
      int count = 0;
      for (int c = 0; c < classes[i].length; c++) {
        if (classes[i][c]) {
          single[i] = c;
          count++;
        }
      }
      if (count != 1) {
        throw new UserException(
            ExitCode.DATA,
            "%s is a multi-label set (example %s has %s labels), expected one label each for %s;"
                + " probe logreg measures the 11-point mAP of such sets",
            name,
            i,
            count,
            metric);
      }
    }
    return single;
  }
}
