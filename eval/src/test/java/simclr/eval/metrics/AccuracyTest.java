package simclr.eval.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class AccuracyTest {

  @Test
  void intervalIsWilsons() {
    // Newcombe (1998), Statistics in Medicine 17, table I: method 3.
    assertInterval(new Accuracy(81, 263), 0.2553, 0.3662);
    assertInterval(new Accuracy(15, 148), 0.0624, 0.1605);
    assertInterval(new Accuracy(0, 20), 0.0000, 0.1611);
    assertInterval(new Accuracy(1, 29), 0.0061, 0.1718);
  }

  @Test
  void allRightReachesOne() {
    assertThat(new Accuracy(50, 50).value()).isEqualTo(1);
    assertThat(new Accuracy(50, 50).interval().high()).isEqualTo(1);
  }

  @Test
  void moreCorrectThanAskedIsRefused() {
    assertThatThrownBy(() -> new Accuracy(3, 2)).hasMessage("correct (3) must be in [0, 2]");
    assertThatThrownBy(() -> new Accuracy(0, 0)).hasMessage("total (0) must be > 0");
  }

  private static void assertInterval(Accuracy accuracy, double low, double high) {
    assertThat(accuracy.interval().low()).isCloseTo(low, within(5e-5));
    assertThat(accuracy.interval().high()).isCloseTo(high, within(5e-5));
  }
}
