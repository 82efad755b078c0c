package simclr.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import java.util.function.Function;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Layer-wise adaptive rate scaling on vectors along (3, 4), whose norm is five times that of (0.6,
 * 0.8): everything but the length stays.
 */
@Tag("numeric")
final class LarsTest {
  private static final Offset<Float> EXACT = within(1e-6f);
  private static final float[] UNIT = {0.6f, 0.8f};

  @Test
  void theRateIsScaledByTheNormsOfWeightsAndGradient() {
    try (OneVariable w = OneVariable.kernel(Lars.forSimClr(0.9f, 0), 3, 4)) {
      // 0.001 * 5 / 1 * 2 = 0.01 of the gradient
      assertLength(w.step(2, UNIT), 4.99f);
      assertLength(w.slot(0), 0.01f);
      // v = 0.9 * 0.01 + 0.001 * 4.99 / 1 * 2 = 0.01898
      assertLength(w.step(2, UNIT), 4.97102f);
      assertLength(w.slot(0), 0.01898f);
    }
  }

  @Test
  void aGradientsLengthDoesNotMatter() {
    try (OneVariable w = OneVariable.kernel(Lars.forSimClr(0.9f, 0), 3, 4)) {
      assertLength(w.step(2, 60, 80), 4.99f);
    }
  }

  @Test
  void decayIsAddedToTheGradientBeforeTheNormsAreTaken() {
    try (OneVariable w = OneVariable.kernel(Lars.forSimClr(0.9f, 0.5f), 3, 4)) {
      // (-0.9, -1.2) + 0.5 * (3, 4) = (0.6, 0.8)
      assertLength(w.step(2, -0.9f, -1.2f), 4.99f);
    }
  }

  static Stream<Function<Optimizer, OneVariable>> excluded() {
    return Stream.of(
        lars -> OneVariable.bias(lars, 3, 4),
        lars -> OneVariable.gamma(lars, 3, 4),
        lars -> OneVariable.classifierKernel(lars, 3, 4));
  }

  @ParameterizedTest
  @MethodSource("excluded")
  void biasesNormsAndClassifierArePlainMomentum(Function<Optimizer, OneVariable> variable) {
    try (OneVariable w = variable.apply(Lars.forSimClr(0.9f, 0.5f))) {
      assertThat(w.step(0.1f, 1, 2)).containsExactly(new float[] {2.9f, 3.8f}, EXACT);
      // v = 0.9 * (0.1, 0.2) + 0.1 * (1, 2)
      assertThat(w.step(0.1f, 1, 2)).containsExactly(new float[] {2.71f, 3.42f}, EXACT);
    }
  }

  @Test
  void zeroWeightsAndZeroGradientsAreNotScaled() {
    try (OneVariable w = OneVariable.kernel(Lars.forSimClr(0.9f, 0), 0, 0)) {
      assertThat(w.step(0.5f, 1, 2)).containsExactly(new float[] {-0.5f, -1}, EXACT);
    }
    try (OneVariable w = OneVariable.kernel(Lars.forSimClr(0.9f, 0), 3, 4)) {
      assertThat(w.step(0.5f, 0, 0)).containsExactly(3, 4);
    }
  }

  @Test
  void nesterovLooksAheadAlongTheNewVelocity() {
    try (OneVariable w = OneVariable.kernel(variant(true, true), 3, 4)) {
      // 5 - (0.9 * 0.01 + 0.01)
      assertLength(w.step(2, UNIT), 4.981f);
      assertLength(w.slot(0), 0.01f);
    }
  }

  @Test
  void popularMomentumScalesTheVelocityAndNotWhatEntersIt() {
    try (OneVariable w = OneVariable.kernel(variant(false, false), 3, 4)) {
      assertLength(w.step(2, UNIT), 4.99f);
      // v = 0.9 + 1; 4.99 - 2 * 0.001 * 4.99 / 1.9 * 1.9
      assertLength(w.step(2, UNIT), 4.98002f);
      assertLength(w.slot(0), 1.9f);
    }
  }

  @Test
  void withoutPatternsOfTheirOwnUnadaptedVariablesAreTheUndecayedOnes() {
    Lars lars = Lars.forSimClr(0.9f, 1e-4f);
    assertThat(lars.unadapted()).isEmpty();
    assertThat(lars.layout().byPosition()).isFalse();
    assertThat(lars.keepsSlotsWithoutGradient()).isFalse();
  }

  private static Lars variant(boolean nesterov, boolean classic) {
    return new Lars(0.9f, 0, nesterov, classic, 0.001f, ImmutableList.of(), ImmutableList.of());
  }

  private static void assertLength(float[] vector, float length) {
    assertThat(vector).containsExactly(new float[] {UNIT[0] * length, UNIT[1] * length}, EXACT);
  }
}
