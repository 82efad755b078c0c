package simclr.eval.runs;

import java.util.stream.IntStream;

/**
 * The inner products of centred rows, from which both maps of {@link Projection2D} are drawn: of
 * some hundred rows it is smaller than the rows.
 */
final class Gram {
  /** Shape (rows, rows). */
  private final double[][] products;

  private Gram(double[][] products) {
    this.products = products;
  }

  /** Centres the rows and multiplies them. */
  static Gram of(float[][] rows) {
    int n = rows.length;
    int width = rows[0].length;
    double[] mean = new double[width];
    for (float[] row : rows) {
      for (int d = 0; d < width; d++) {
        mean[d] += row[d] / (double) n;
      }
    }
    float[][] centred = new float[n][width];
    for (int i = 0; i < n; i++) {
      for (int d = 0; d < width; d++) {
        centred[i][d] = (float) (rows[i][d] - mean[d]);
      }
    }
    double[][] products = new double[n][n];
    IntStream.range(0, n)
        .parallel()
        .forEach(
            i -> {
              for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int d = 0; d < width; d++) {
                  sum += (double) centred[i][d] * centred[j][d];
                }
                products[i][j] = sum;
              }
            });
    return new Gram(products);
  }

  int rows() {
    return products.length;
  }

  /** The sum of all variances. */
  double trace() {
    return IntStream.range(0, rows()).mapToDouble(i -> products[i][i]).sum();
  }

  /** Squared distance of two rows. */
  double squaredDistance(int i, int j) {
    return Math.max(0, products[i][i] + products[j][j] - 2 * products[i][j]);
  }

  /** The matrix times a vector. */
  double[] times(double[] vector) {
    return IntStream.range(0, rows())
        .parallel()
        .mapToDouble(
            i -> {
              double sum = 0;
              for (int j = 0; j < vector.length; j++) {
                sum += products[i][j] * vector[j];
              }
              return sum;
            })
        .toArray();
  }
}
