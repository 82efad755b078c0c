package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Representations as points of a plane.
 *
 * @param points two coordinates for each row
 * @param shares what share of the variance each axis carries; empty for a map whose axes mean
 *     nothing
 */
record Projection2D(ImmutableList<double[]> points, ImmutableList<Double> shares) {
  private static final int POWER_STEPS = 300;

  /** The two directions of greatest variance (principal components). */
  static Projection2D principal(Gram gram) {
    int n = gram.rows();
    // Two more directions than are shown let the second one settle sooner.
    double[][] basis = new double[Math.min(4, n)][n];
    Random random = new Random(0);
    for (double[] vector : basis) {
      for (int i = 0; i < n; i++) {
        vector[i] = random.nextGaussian();
      }
    }
    orthonormalise(basis);
    double[] values = new double[basis.length];
    for (int step = 0; step < POWER_STEPS; step++) {
      double change = 0;
      for (int k = 0; k < basis.length; k++) {
        double[] next = gram.times(basis[k]);
        double value = dot(next, basis[k]);
        if (k < 2) {
          change = Math.max(change, Math.abs(value - values[k]) / Math.max(value, 1e-300));
        }
        values[k] = value;
        basis[k] = next;
      }
      orthonormalise(basis);
      if (change < 1e-9) {
        break;
      }
    }
    double trace = Math.max(gram.trace(), 1e-300);
    ImmutableList.Builder<double[]> points = ImmutableList.builder();
    for (int i = 0; i < n; i++) {
      points.add(
          new double[] {
            basis[0][i] * Math.sqrt(Math.max(values[0], 0)),
            basis.length < 2 ? 0 : basis[1][i] * Math.sqrt(Math.max(values[1], 0))
          });
    }
    return new Projection2D(
        points.build(),
        ImmutableList.of(values[0] / trace, basis.length < 2 ? 0 : values[1] / trace));
  }

  /** Neighbourhoods kept as well as a plane can (van der Maaten and Hinton, 2008). */
  static Projection2D neighbourhoods(Gram gram) {
    return new Projection2D(TSne.of(gram), ImmutableList.of());
  }

  private static void orthonormalise(double[][] vectors) {
    for (int k = 0; k < vectors.length; k++) {
      for (int j = 0; j < k; j++) {
        double along = dot(vectors[k], vectors[j]);
        for (int i = 0; i < vectors[k].length; i++) {
          vectors[k][i] -= along * vectors[j][i];
        }
      }
      double length = Math.sqrt(dot(vectors[k], vectors[k]));
      for (int i = 0; i < vectors[k].length; i++) {
        vectors[k][i] = length > 1e-150 ? vectors[k][i] / length : 0;
      }
    }
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }
}
