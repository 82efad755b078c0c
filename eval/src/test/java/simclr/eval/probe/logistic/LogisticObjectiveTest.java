package simclr.eval.probe.logistic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.eval.features.DataDigest;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.probe.NativeFeatures;
import simclr.eval.probe.Standardizer;

@Tag("numeric")
final class LogisticObjectiveTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gradientIsTheDerivativeOfTheValue(boolean doubles) {
    Random random = new Random(1);
    float[][] rows = new float[300][27];
    int[] labels = new int[300];
    for (int i = 0; i < rows.length; i++) {
      labels[i] = i % 3;
      for (int d = 0; d < 27; d++) {
        rows[i][d] = (float) random.nextGaussian();
      }
    }
    LabelledFeatures examples =
        new LabelledFeatures(
            "test", FeatureMatrix.of(rows), Labels.of(labels), new DataDigest("", ""));
    Standardizer scaling = Standardizer.centring(examples.matrix());
    double[] variances = new double[27];
    Arrays.fill(variances, 1);
    try (NativeFeatures features = NativeFeatures.load(examples, scaling, doubles);
        LogisticObjective objective =
            LogisticObjective.of(features, variances, 3, doubles).with(0.1, 1e-5)) {
      double[] at = random.doubles(objective.dimension(), -0.1, 0.1).toArray();
      double[] gradient = new double[at.length];
      objective.valueAndGradient(at, gradient);

      double step = 1e-2;
      double[] unused = new double[at.length];
      for (int i = 0; i < at.length; i++) {
        double old = at[i];
        at[i] = old + step;
        double above = objective.valueAndGradient(at, unused);
        at[i] = old - step;
        double below = objective.valueAndGradient(at, unused);
        at[i] = old;
        assertThat(gradient[i])
            .as("derivative %s", i)
            .isCloseTo((above - below) / (2 * step), within(2e-5));
      }
    }
  }
}
