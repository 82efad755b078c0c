package simclr.eval.features;

import java.nio.file.Path;
import java.util.Locale;
import simclr.config.UserException;
import simclr.eval.metrics.MultiLabels;
import simclr.io.NpyFile;

/** Features and labels out of {@code .npy} files. */
final class NpyExamples {
  /** Several times as many as any data set has; a classifier of each must fit in memory. */
  private static final int MOST_CLASSES = 100_000;

  private NpyExamples() {}

  /**
   * Features: real numbers in two dimensions.
   *
   * @param flag names the file in messages
   * @throws UserException NO_INPUT if it is not there, DATA if it is broken or holds something else
   */
  static FeatureMatrix features(String flag, Path path) {
    NpyFile file = NpyFile.open(flag, path);
    if (file.shape().length() != 2 || !file.dtype().isReal()) {
      throw file.broken(
          String.format(
              Locale.ROOT,
              "holds %s of shape %s, expected real numbers of shape (rows, features)",
              file.dtype().descr(),
              file.shape()));
    }
    return new Features(file);
  }

  /**
   * Class indices: whole numbers in one dimension.
   *
   * @throws UserException NO_INPUT if it is not there, DATA if it is broken, holds something else
   *     or a negative one
   */
  static int[] labels(String flag, Path path) {
    return labels(NpyFile.open(flag, path));
  }

  /**
   * Labels: class indices in one dimension, or a matrix (examples, classes) of 0 and 1 for examples
   * that may have several.
   *
   * @throws UserException NO_INPUT if it is not there, DATA if it is broken or holds something else
   */
  static LabelledFeatures.Labels labelling(String flag, Path path) {
    NpyFile file = NpyFile.open(flag, path);
    return file.shape().length() == 2 && !file.dtype().isReal()
        ? LabelledFeatures.Labels.of(multiLabels(file))
        : LabelledFeatures.Labels.of(labels(file));
  }

  private static int[] labels(NpyFile file) {
    if (file.shape().length() != 1 || file.dtype().isReal()) {
      throw file.broken(
          String.format(
              Locale.ROOT,
              "holds %s of shape %s, expected whole numbers (int32 or int64) of shape (rows,), or a matrix (examples, classes) of 0 and 1",
              file.dtype().descr(),
              file.shape()));
    }
    int[] labels = new int[file.rows()];
    for (int i = 0; i < labels.length; i++) {
      long label = file.whole(i, 0);
      if (label < 0 || label > Integer.MAX_VALUE) {
        throw file.broken("row " + i + " is " + label + ", expected a class index from 0 on");
      }
      labels[i] = (int) label;
    }
    return labels;
  }

  private static MultiLabels multiLabels(NpyFile file) {
    if (file.columns() > MOST_CLASSES) {
      throw file.broken(
          String.format(
              Locale.ROOT,
              "is a matrix of %d columns, expected at most %d classes",
              file.columns(),
              MOST_CLASSES));
    }
    boolean[][] classes = new boolean[file.rows()][file.columns()];
    for (int i = 0; i < classes.length; i++) {
      for (int c = 0; c < file.columns(); c++) {
        long value = file.whole(i, c);
        if (value != 0 && value != 1) {
          throw file.broken(
              String.format(
                  Locale.ROOT,
                  "row %d, column %d is %d, expected 0 or 1: whether the example is of the class",
                  i,
                  c,
                  value));
        }
        classes[i][c] = value == 1;
      }
    }
    return MultiLabels.of(classes);
  }

  private record Features(NpyFile file) implements FeatureMatrix {
    @Override
    public int rows() {
      return file.rows();
    }

    @Override
    public int columns() {
      return file.columns();
    }

    @Override
    public void copyRow(int row, float[] into, int offset) {
      file.copyRow(row, into, offset);
      // 0 times a number that is not finite is NaN: one sum tells of the whole row.
      float sum = 0;
      for (int i = offset; i < offset + columns(); i++) {
        sum += 0 * into[i];
      }
      if (sum != 0) {
        refuse(row, into, offset);
      }
    }

    private void refuse(int row, float[] values, int offset) {
      int column = 0;
      while (Float.isFinite(values[offset + column])) {
        column++;
      }
      throw file.broken(
          String.format(
              Locale.ROOT,
              "row %d, column %d is %s, expected a finite number",
              row,
              column,
              values[offset + column]));
    }
  }
}
