package simclr.eval.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class BootstrapTest {

  @Test
  void intervalOfAShareIsAboutWilsons() {
    double[] right = new double[1000];
    Arrays.fill(right, 0, 700, 1);

    ConfidenceInterval bootstrap = Bootstrap.seeded(1).ofMean(right);
    ConfidenceInterval wilson = new Accuracy(700, 1000).interval();

    assertThat(bootstrap.low()).isCloseTo(wilson.low(), within(0.004));
    assertThat(bootstrap.high()).isCloseTo(wilson.high(), within(0.004));
  }

  @Test
  void theSeedDecides() {
    double[] values = new double[50];
    Arrays.setAll(values, i -> i * i % 17);

    assertThat(Bootstrap.seeded(1).ofMean(values)).isEqualTo(Bootstrap.seeded(1).ofMean(values));
    assertThat(Bootstrap.seeded(2).ofMean(values)).isNotEqualTo(Bootstrap.seeded(1).ofMean(values));
    assertThat(Bootstrap.seeded(1).method())
        .isEqualTo("percentile bootstrap, 2000 samples of the test examples, seed 1");
  }

  @Test
  void whatNeverVariesHasAnIntervalOfNoWidth() {
    assertThat(Bootstrap.seeded(1).ofMean(new double[] {3, 3, 3}))
        .isEqualTo(new ConfidenceInterval(3, 3));
  }

  @Test
  void aRareClassMakesTheMeanPerClassLessSure() {
    ImmutableList.Builder<Predictions.Row> rows = ImmutableList.builder();
    for (int i = 0; i < 300; i++) {
      rows.add(new Predictions.Row(i < 10 ? 1 : 0, i % 2, Optional.empty()));
    }
    Predictions predictions = new Predictions(rows.build());

    ConfidenceInterval mean = Bootstrap.seeded(1).ofMeanPerClass(predictions, 2);
    ConfidenceInterval top1 = predictions.top1().interval();

    assertThat(mean.contains(0.5)).isTrue();
    assertThat(mean.high() - mean.low()).isGreaterThan(1.5 * (top1.high() - top1.low()));
  }

  @Test
  void tooFewSamplesAreRefused() {
    assertThatThrownBy(() -> new Bootstrap(1, 99)).hasMessage("samples (99) must be >= 100");
  }

  @Test
  void spreadOverSeedsDividesByOneLess() {
    SeedStatistics three = SeedStatistics.of(List.of(0.90, 0.92, 0.94));

    assertThat(three.mean()).isCloseTo(0.92, within(1e-12));
    assertThat(three.deviation().orElseThrow()).isCloseTo(0.02, within(1e-12));
    assertThat(SeedStatistics.of(List.of(0.9)).deviation()).isEqualTo(OptionalDouble.empty());
  }
}
