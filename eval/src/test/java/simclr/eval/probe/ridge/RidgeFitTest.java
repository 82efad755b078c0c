package simclr.eval.probe.ridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.probe.Clouds;

final class RidgeFitTest {

  /** With one feature and centred data, w = cov(x, y) / (var(x) + l2). */
  @Test
  void ridgeIsTheClosedFormOneWayAndTheOther() {
    float[][] few = {{1, 0, 0}, {3, 0, 0}};
    double wide = RidgeFit.of(Clouds.of("dual", few, 0, 1), 2, OptionalDouble.of(0.5)).objective();
    float[][] narrow = {{1}, {3}};
    double tall =
        RidgeFit.of(Clouds.of("primal", narrow, 0, 1), 2, OptionalDouble.of(0.5)).objective();

    // x = -1, 1; y = -1/2, 1/2 and the other way round: w = 1/2 / 1.5 for each class.
    double w = 0.5 / 1.5;
    double expected = 2 * ((0.5 - w) * (0.5 - w) / 2 + 0.5 / 2 * w * w);
    assertThat(wide).isCloseTo(expected, within(1e-9));
    assertThat(tall).isCloseTo(expected, within(1e-9));
  }

  @Test
  void ridgePredictsAlikeFromBothForms() {
    LabelledFeatures train = Clouds.examples(4, 30, 40, 3, 2);
    LabelledFeatures test = Clouds.examples(6, 50, 40, 3, 2);
    LabelledFeatures twice = train.followedBy(train);
    OptionalDouble l2 = OptionalDouble.of(0.1);

    // Every example twice is the same problem, and 60 of them take the other form.
    RidgeFit once = RidgeFit.of(train, 3, l2);
    RidgeFit again = RidgeFit.of(twice, 3, l2);

    assertThat(again.objective()).isCloseTo(once.objective(), within(1e-9));
    assertThat(again.classifier().predict(test)).isEqualTo(once.classifier().predict(test));
  }
}
