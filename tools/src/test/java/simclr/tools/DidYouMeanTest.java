package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DidYouMeanTest {

  @ParameterizedTest
  @CsvSource({
    "'', '', 0",
    "'', abc, 3",
    "abc, abc, 0",
    "abc, abd, 1",
    "abc, ab, 1",
    "abc, acb, 1",
    "kitten, sitting, 3",
    "ca, abc, 3",
  })
  void distanceCountsEditsAndSwapsBothWays(String a, String b, int edits) {
    assertThat(DidYouMean.distance(a, b)).isEqualTo(edits);
    assertThat(DidYouMean.distance(b, a)).isEqualTo(edits);
  }

  @Test
  void nearestWordIsMeantAndTheFirstByNameOfEquallyNearOnes() {
    assertThat(DidYouMean.nearest("--train_step", List.of("--train_epochs", "--train_steps")))
        .hasValue("--train_steps");
    assertThat(DidYouMean.nearest("bat", List.of("cat", "bad"))).hasValue("bad");
  }

  @Test
  void nothingIsMeantByAWordUnlikeAll() {
    assertThat(DidYouMean.nearest("xyzzy", List.of("run", "pretrain"))).isEmpty();
    assertThat(DidYouMean.hint("xyzzy", List.of("run"))).isEmpty();
  }

  @Test
  void dashesAndCapitalsAreNoDifferences() {
    assertThat(DidYouMean.hint("--Train-Batch-Size", List.of("--train_batch_size")))
        .isEqualTo(", did you mean --train_batch_size?");
  }
}
