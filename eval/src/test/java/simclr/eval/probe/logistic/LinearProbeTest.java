package simclr.eval.probe.logistic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import simclr.eval.metrics.Accuracy;
import simclr.eval.probe.logistic.LinearProbe.Settings;

final class LinearProbeTest {
  private static final Settings NEARLY_NO_PENALTY = new Settings(1e-9, 300, 1e-7);

  /** Three in four of each group carry its label, so the best objective is that entropy. */
  @Test
  void fitReachesTheClosedFormOptimum() {
    float[][] features = {{5}, {5}, {5}, {5}, {3}, {3}, {3}, {3}};
    int[] labels = {1, 1, 1, 0, 0, 0, 0, 1};

    LinearProbe probe = LinearProbe.fit(features, labels, 2, NEARLY_NO_PENALTY);

    double entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
    assertThat(probe.fit().converged()).isTrue();
    assertThat(probe.fit().objective()).isCloseTo(entropy, within(1e-6));
    assertThat(probe.score(features, labels)).isEqualTo(new Accuracy(6, 8));
  }

  @Test
  void constantFeaturesLeaveTheClassFrequencies() {
    float[][] features = {{7, 0.1f}, {7, 0.1f}, {7, 0.1f}, {7, 0.1f}};
    int[] labels = {2, 2, 2, 0};

    LinearProbe probe = LinearProbe.fit(features, labels, 3, new Settings(1e-3, 500, 1e-6));

    double entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
    assertThat(probe.fit().objective()).isCloseTo(entropy, within(1e-4));
    assertThat(probe.predict(features)).containsOnly(2);
  }

  @Test
  void fitOfOverlappingCloudsIsAMinimumAndRepeatsToTheBit() {
    float[][] features = clouds(new Random(2), 900, 40, 0.4f);
    int[] labels = labels(900, 6);

    LinearProbe probe = LinearProbe.fit(features, labels, 6, Settings.standard());

    assertThat(probe.fit().converged()).isTrue();
    assertThat(LinearProbe.fit(features, labels, 6, Settings.standard()).fit())
        .isEqualTo(probe.fit());
  }

  @Test
  void scaleAndShiftOfFeaturesDoNotMatter() {
    float[][] features = clouds(new Random(3), 400, 12, 1f);
    int[] labels = labels(400, 6);
    float[][] moved = new float[400][12];
    for (int i = 0; i < moved.length; i++) {
      for (int d = 0; d < 12; d++) {
        moved[i][d] = 1000 * features[i][d] + 50;
      }
    }

    LinearProbe plain = LinearProbe.fit(features, labels, 6, Settings.standard());
    LinearProbe scaled = LinearProbe.fit(moved, labels, 6, Settings.standard());

    assertThat(scaled.fit().objective()).isCloseTo(plain.fit().objective(), within(1e-4));
  }

  @Test
  void separableClassesAreLearntAndUnseenRowsPredicted() {
    LinearProbe probe =
        LinearProbe.fit(clouds(new Random(4), 600, 20, 6f), labels(600, 6), 6, Settings.standard());

    assertThat(probe.score(clouds(new Random(5), 300, 20, 6f), labels(300, 6)).value())
        .isGreaterThan(0.99);
  }

  @Test
  void noiseIsPredictedAtChanceLevel() {
    LinearProbe probe =
        LinearProbe.fit(gaussian(new Random(6), 1000, 10), labels(1000, 4), 4, Settings.standard());

    Accuracy unseen = probe.score(gaussian(new Random(7), 1000, 10), labels(1000, 4));
    double deviation = Math.sqrt(0.25 * 0.75 / 1000);
    assertThat(unseen.value()).isCloseTo(0.25, within(4 * deviation));
  }

  @Test
  void rowsOfAnotherLengthAreRefused() {
    assertThatThrownBy(
            () ->
                LinearProbe.fit(
                    new float[][] {{1, 2}, {1}}, new int[] {0, 1}, 2, Settings.standard()))
        .hasMessage("a row has 1 features, expected 2");
    assertThatThrownBy(
            () -> LinearProbe.fit(new float[][] {{1}}, new int[] {2}, 2, Settings.standard()))
        .hasMessage("label (2) must be in [0, 2)");
  }

  private static int[] labels(int examples, int classes) {
    int[] labels = new int[examples];
    for (int i = 0; i < examples; i++) {
      labels[i] = i % classes;
    }
    return labels;
  }

  /** Class c of six lies at {@code distance} along feature c. */
  private static float[][] clouds(Random random, int examples, int width, float distance) {
    float[][] rows = gaussian(random, examples, width);
    for (int i = 0; i < examples; i++) {
      rows[i][i % 6] += distance;
    }
    return rows;
  }

  private static float[][] gaussian(Random random, int examples, int width) {
    float[][] rows = new float[examples][width];
    for (float[] row : rows) {
      for (int d = 0; d < width; d++) {
        row[d] = (float) random.nextGaussian();
      }
    }
    return rows;
  }
}
