package simclr.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code v = m v - r g; w = w + m v - r g}, as Keras has it. */
@Tag("numeric")
final class NesterovMomentumTest {
  private static final Offset<Float> EXACT = within(1e-6f);

  @Test
  void aStepLooksAheadAlongTheNewVelocity() {
    try (OneVariable w = OneVariable.kernel(new NesterovMomentum(0.9f), 1, -1)) {
      // v = -0.1 g; w moves by 0.9 * -0.1 g - 0.1 g = -0.19 g
      assertThat(w.step(0.1f, 1, 2)).containsExactly(new float[] {0.81f, -1.38f}, EXACT);
      assertThat(w.slot(0)).containsExactly(new float[] {-0.1f, -0.2f}, EXACT);
      // v = 0.9 * -0.1 g - 0.1 g = -0.19 g; w moves by 0.9 * -0.19 g - 0.1 g = -0.271 g
      assertThat(w.step(0.1f, 1, 2)).containsExactly(new float[] {0.539f, -1.922f}, EXACT);
      assertThat(w.slot(0)).containsExactly(new float[] {-0.19f, -0.38f}, EXACT);
    }
  }

  @Test
  void everyVariableIsTreatedAlike() {
    try (OneVariable w = OneVariable.bias(new NesterovMomentum(0.5f), 1)) {
      assertThat(w.step(1, 1)).containsExactly(new float[] {-0.5f}, EXACT);
    }
  }

  @Test
  void withoutMomentumItIsGradientDescent() {
    try (OneVariable w = OneVariable.kernel(new NesterovMomentum(0), 1, 1)) {
      w.step(0.5f, 1, 2);
      assertThat(w.step(0.5f, 1, 2)).containsExactly(0, -1);
    }
  }
}
