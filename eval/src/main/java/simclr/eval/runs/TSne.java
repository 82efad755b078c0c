package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * t-SNE, computed over all pairs, which for a thousand points takes seconds (van der Maaten and
 * Hinton, 2008).
 *
 * <p>It starts from the principal components, so that it is the same each time and distances
 * between groups keep some of their meaning (Kobak and Berens, 2019).
 */
final class TSne {
  private static final double PERPLEXITY = 30;
  private static final int STEPS = 500;
  private static final int EXAGGERATED_STEPS = 125;
  private static final double EXAGGERATION = 12;

  private final int n;
  private final double[][] similarity;
  private final double[][] at;
  private final double[][] velocity;
  private final double[][] gain;

  private TSne(Gram gram) {
    this.n = gram.rows();
    this.similarity = similarities(gram);
    this.at = start(gram);
    this.velocity = new double[n][2];
    this.gain = new double[n][2];
    for (double[] row : gain) {
      Arrays.fill(row, 1);
    }
  }

  /** Two coordinates for each row. */
  static ImmutableList<double[]> of(Gram gram) {
    TSne map = new TSne(gram);
    for (int step = 0; step < STEPS; step++) {
      map.step(step < EXAGGERATED_STEPS);
    }
    return ImmutableList.copyOf(map.at);
  }

  /** The principal components, shrunk to the size the gradient is made for. */
  private static double[][] start(Gram gram) {
    double[][] at = Projection2D.principal(gram).points().toArray(new double[0][]);
    double square = Arrays.stream(at).mapToDouble(p -> p[0] * p[0]).average().orElseThrow();
    double scale = square > 0 ? 1e-4 / Math.sqrt(square) : 0;
    for (double[] point : at) {
      point[0] *= scale;
      point[1] *= scale;
    }
    return at;
  }

  private void step(boolean exaggerated) {
    double[][] near = new double[n][];
    double total =
        IntStream.range(0, n)
            .parallel()
            .mapToDouble(
                i -> {
                  double[] row = new double[n];
                  double sum = 0;
                  for (int j = 0; j < n; j++) {
                    double dx = at[i][0] - at[j][0];
                    double dy = at[i][1] - at[j][1];
                    row[j] = i == j ? 0 : 1 / (1 + dx * dx + dy * dy);
                    sum += row[j];
                  }
                  near[i] = row;
                  return sum;
                })
            // Into an array first: the order of a parallel sum is not fixed.
            .boxed()
            .toList()
            .stream()
            .mapToDouble(Double::doubleValue)
            .sum();
    double factor = exaggerated ? EXAGGERATION : 1;
    double[][] gradient = new double[n][2];
    IntStream.range(0, n)
        .parallel()
        .forEach(
            i -> {
              for (int j = 0; j < n; j++) {
                double pull = (factor * similarity[i][j] - near[i][j] / total) * near[i][j];
                gradient[i][0] += 4 * pull * (at[i][0] - at[j][0]);
                gradient[i][1] += 4 * pull * (at[i][1] - at[j][1]);
              }
            });
    double rate = Math.max(n / EXAGGERATION / 4, 50);
    double momentum = exaggerated ? 0.5 : 0.8;
    for (int i = 0; i < n; i++) {
      for (int d = 0; d < 2; d++) {
        boolean turned = gradient[i][d] > 0 == velocity[i][d] > 0;
        gain[i][d] = Math.max(0.01, turned ? gain[i][d] * 0.8 : gain[i][d] + 0.2);
        velocity[i][d] = momentum * velocity[i][d] - rate * gain[i][d] * gradient[i][d];
        at[i][d] += velocity[i][d];
      }
    }
  }

  /** Symmetric, with sum 1: how likely each point is to pick each other one as its neighbour. */
  private static double[][] similarities(Gram gram) {
    int n = gram.rows();
    double wanted = Math.log(Math.min(PERPLEXITY, (n - 1) / 3.0));
    double[][] one = new double[n][];
    IntStream.range(0, n).parallel().forEach(i -> one[i] = neighbours(gram, i, wanted));
    double[][] both = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        both[i][j] = Math.max((one[i][j] + one[j][i]) / (2 * n), 1e-12);
      }
    }
    return both;
  }

  /** A bell curve around a point, as wide as makes its entropy the wanted one, by halving. */
  private static double[] neighbours(Gram gram, int i, double wanted) {
    int n = gram.rows();
    double[] distance = new double[n];
    double nearest = Double.POSITIVE_INFINITY;
    double mean = 0;
    for (int j = 0; j < n; j++) {
      distance[j] = gram.squaredDistance(i, j);
      mean += distance[j] / n;
      nearest = i == j ? nearest : Math.min(nearest, distance[j]);
    }
    double[] share = new double[n];
    double low = 0;
    double high = Double.POSITIVE_INFINITY;
    // Where all rows are equal any width will do.
    double sharpness = mean > 1e-200 ? 1 / mean : 1;
    for (int round = 0; round < 64; round++) {
      double sum = 0;
      double weighted = 0;
      for (int j = 0; j < n; j++) {
        share[j] = i == j ? 0 : Math.exp(-sharpness * (distance[j] - nearest));
        sum += share[j];
        weighted += share[j] * (distance[j] - nearest);
      }
      double entropy = Math.log(sum) + sharpness * weighted / sum;
      for (int j = 0; j < n; j++) {
        share[j] /= sum;
      }
      if (Math.abs(entropy - wanted) < 1e-5) {
        break;
      }
      if (entropy > wanted) {
        low = sharpness;
        sharpness = Double.isInfinite(high) ? 2 * sharpness : (low + high) / 2;
      } else {
        high = sharpness;
        sharpness = (low + high) / 2;
      }
    }
    return share;
  }
}
