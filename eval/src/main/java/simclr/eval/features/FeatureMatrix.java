package simclr.eval.features;

import simclr.inference.WeightedKnn;

/** Rows of features that may lie in a file; a row is read when it is asked for. Thread-safe. */
public interface FeatureMatrix extends WeightedKnn.Rows {
  @Override
  int rows();

  /** Features of a row. */
  @Override
  int columns();

  /**
   * Copies a row.
   *
   * @param into gets {@link #columns} values from {@code offset} on
   * @throws simclr.config.UserException DATA, naming file, row and column, if a value is NaN or
   *     infinite
   */
  @Override
  void copyRow(int row, float[] into, int offset);

  /** The rows with these numbers, in this order, without copying. */
  default FeatureMatrix select(int[] rows) {
    int[] kept = rows.clone();
    FeatureMatrix all = this;
    return new FeatureMatrix() {
      @Override
      public int rows() {
        return kept.length;
      }

      @Override
      public int columns() {
        return all.columns();
      }

      @Override
      public void copyRow(int row, float[] into, int offset) {
        all.copyRow(kept[row], into, offset);
      }
    };
  }

  /** Rows on the Java heap, which nobody changes. */
  static FeatureMatrix of(float[][] rows) {
    return new FeatureMatrix() {
      @Override
      public int rows() {
        return rows.length;
      }

      @Override
      public int columns() {
        return rows[0].length;
      }

      @Override
      public void copyRow(int row, float[] into, int offset) {
        System.arraycopy(rows[row], 0, into, offset, rows[row].length);
      }
    };
  }

  /** The rows of this one, then those of another of the same width. */
  default FeatureMatrix followedBy(FeatureMatrix other) {
    FeatureMatrix first = this;
    return new FeatureMatrix() {
      @Override
      public int rows() {
        return first.rows() + other.rows();
      }

      @Override
      public int columns() {
        return first.columns();
      }

      @Override
      public void copyRow(int row, float[] into, int offset) {
        if (row < first.rows()) {
          first.copyRow(row, into, offset);
        } else {
          other.copyRow(row - first.rows(), into, offset);
        }
      }
    };
  }
}
