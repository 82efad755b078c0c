package simclr.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Adam in Keras' form against a loop over doubles: epsilon is added to the uncorrected root. */
@Tag("numeric")
final class AdamTest {
  private static final double BETA_1 = 0.9;
  private static final double BETA_2 = 0.999;
  private static final double EPSILON = 1e-7;
  private static final double RATE = 0.01;

  /** One is so small that epsilon decides over the step. */
  private static final float[][] GRADIENTS = {
    {2, -0.5f, 1e-7f}, {-1, -0.5f, 1e-7f}, {0.25f, 3, -2e-7f}
  };

  @Test
  void momentsAreCorrectedForTheirStart() {
    double[] w = {1, -2, 0.5};
    double[] m = new double[3];
    double[] v = new double[3];
    try (OneVariable variable = OneVariable.kernel(Adam.withDefaults(), 1, -2, 0.5f)) {
      for (int t = 1; t <= GRADIENTS.length; t++) {
        float[] g = GRADIENTS[t - 1];
        float[] found = variable.step((float) RATE, g);
        double rate = RATE * Math.sqrt(1 - Math.pow(BETA_2, t)) / (1 - Math.pow(BETA_1, t));
        for (int i = 0; i < 3; i++) {
          m[i] = BETA_1 * m[i] + (1 - BETA_1) * g[i];
          v[i] = BETA_2 * v[i] + (1 - BETA_2) * g[i] * g[i];
          w[i] -= rate * m[i] / (Math.sqrt(v[i]) + EPSILON);
          assertThat((double) found[i]).isCloseTo(w[i], within(1e-6));
          assertThat((double) variable.slot(0)[i]).isCloseTo(m[i], within(1e-6 * Math.abs(m[i])));
          assertThat((double) variable.slot(1)[i]).isCloseTo(v[i], within(1e-4 * v[i]));
        }
      }
    }
  }

  @Test
  void theFirstStepIsAsLongAsTheRateWhateverTheGradient() {
    try (OneVariable variable = OneVariable.kernel(Adam.withDefaults(), 0, 0)) {
      assertThat(variable.step(0.01f, 100, -0.01f))
          .containsExactly(new float[] {-0.01f, 0.01f}, within(1e-5f));
    }
  }
}
