package simclr.eval.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("numeric")
final class Projection2DTest {

  @Test
  void principalComponentsAreTheDirectionsOfGreatestVariance() {
    // Along (3, 4) / 5 with deviation 10, along (-4, 3) / 5 with deviation 2, and no third.
    float[][] rows = new float[100][3];
    Random random = new Random(1);
    double first = 0;
    double second = 0;
    for (float[] row : rows) {
      double a = 10 * random.nextGaussian();
      double b = 2 * random.nextGaussian();
      row[0] = (float) (0.6 * a - 0.8 * b + 7);
      row[1] = (float) (0.8 * a + 0.6 * b - 3);
      first += a * a;
      second += b * b;
    }

    Projection2D map = Projection2D.principal(Gram.of(rows));

    assertThat(map.shares().get(0)).isCloseTo(first / (first + second), within(0.02));
    assertThat(map.shares().get(0) + map.shares().get(1)).isCloseTo(1, within(1e-6));
    for (int i = 0; i < 100; i += 9) {
      for (int j = 0; j < 100; j += 7) {
        // All of the variance lies in the plane: it keeps every distance.
        double dx = map.points().get(i)[0] - map.points().get(j)[0];
        double dy = map.points().get(i)[1] - map.points().get(j)[1];
        double rx = rows[i][0] - rows[j][0];
        double ry = rows[i][1] - rows[j][1];
        assertThat(dx * dx + dy * dy).isCloseTo(rx * rx + ry * ry, within(1e-2));
      }
    }
  }

  @Test
  void neighbourhoodsAreKept() {
    float[][] rows = new float[90][20];
    Random random = new Random(2);
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < 20; d++) {
        rows[i][d] = (float) random.nextGaussian() + (d == i % 3 ? 12 : 0);
      }
    }

    ImmutableList<double[]> points = Projection2D.neighbourhoods(Gram.of(rows)).points();

    for (int i = 0; i < rows.length; i++) {
      int nearest = i == 0 ? 1 : 0;
      for (int j = 0; j < rows.length; j++) {
        if (j != i && distance(points, i, j) < distance(points, i, nearest)) {
          nearest = j;
        }
      }
      assertThat(nearest % 3).isEqualTo(i % 3);
    }
    assertThat(Projection2D.neighbourhoods(Gram.of(rows)).points().get(5)).isEqualTo(points.get(5));
  }

  @Test
  void rowsThatAreAllEqualAndFewRowsGiveNumbers() {
    for (int n : new int[] {2, 3, 5}) {
      float[][] rows = new float[n][4];
      assertThat(Projection2D.neighbourhoods(Gram.of(rows)).points())
          .hasSize(n)
          .allSatisfy(
              point -> {
                assertThat(point[0]).isFinite();
                assertThat(point[1]).isFinite();
              });
      assertThat(Projection2D.principal(Gram.of(rows)).points())
          .as("equal rows lie on one point")
          .hasSize(n)
          .allSatisfy(point -> assertThat(point).containsExactly(0, 0));
      assertThat(Projection2D.principal(Gram.of(rows)).shares()).containsExactly(0.0, 0.0);
    }
  }

  private static double distance(ImmutableList<double[]> points, int i, int j) {
    return Math.hypot(points.get(i)[0] - points.get(j)[0], points.get(i)[1] - points.get(j)[1]);
  }
}
