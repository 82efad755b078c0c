package simclr.eval.runs;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.primitives.ImmutableIntArray;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Which rows of a representation lie close to which: by the cosine of the centred rows. */
final class Neighbours {
  private final float[][] directions;

  private Neighbours(float[][] directions) {
    this.directions = directions;
  }

  /** Centres the rows and scales them to length 1. */
  static Neighbours of(float[][] rows) {
    int width = rows[0].length;
    double[] mean = new double[width];
    for (float[] row : rows) {
      for (int d = 0; d < width; d++) {
        mean[d] += row[d] / (double) rows.length;
      }
    }
    float[][] directions = new float[rows.length][width];
    for (int i = 0; i < rows.length; i++) {
      double square = 0;
      for (int d = 0; d < width; d++) {
        directions[i][d] = (float) (rows[i][d] - mean[d]);
        square += directions[i][d] * directions[i][d];
      }
      double length = Math.max(Math.sqrt(square), Float.MIN_NORMAL);
      for (int d = 0; d < width; d++) {
        directions[i][d] /= (float) length;
      }
    }
    return new Neighbours(directions);
  }

  /** The rows nearest to one of them, the nearest first, without itself. */
  ImmutableIntArray nearest(int row, int count) {
    return ImmutableIntArray.copyOf(
        IntStream.range(0, directions.length)
            .filter(other -> other != row)
            .boxed()
            .sorted(Comparator.comparingDouble(other -> -cosine(row, other)))
            .limit(count)
            .collect(toImmutableList()));
  }

  private double cosine(int a, int b) {
    double sum = 0;
    for (int d = 0; d < directions[a].length; d++) {
      sum += (double) directions[a][d] * directions[b][d];
    }
    return sum;
  }
}
