package simclr.eval.probe;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import simclr.eval.features.DataDigest;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.record.EncoderInfo;

/** Gaussian clouds, one for each class, as a probe takes them. */
public final class Clouds {
  private Clouds() {}

  public static FeatureSets sets(int train, int test, int width, int classes, double distance) {
    return sets(
        examples(1, train, width, classes, distance),
        Optional.empty(),
        examples(2, test, width, classes, distance),
        classes);
  }

  public static FeatureSets sets(
      LabelledFeatures train,
      Optional<LabelledFeatures> validation,
      LabelledFeatures test,
      int classes) {
    return new FeatureSets(
        "features",
        EncoderInfo.of(
            EncoderInfo.Kind.FEATURES,
            Optional.empty(),
            Optional.empty(),
            OptionalLong.empty(),
            Optional.empty()),
        "clouds",
        train,
        validation,
        test,
        ImmutableList.copyOf(FeatureSets.numbered(classes)),
        ImmutableMap.of());
  }

  /** Class c lies at {@code distance} along feature c. */
  public static LabelledFeatures examples(
      long seed, int examples, int width, int classes, double distance) {
    Random random = new Random(seed);
    float[][] rows = new float[examples][width];
    int[] labels = new int[examples];
    for (int i = 0; i < examples; i++) {
      labels[i] = i % classes;
      for (int d = 0; d < width; d++) {
        rows[i][d] = (float) (random.nextGaussian() + (d == labels[i] ? distance : 0));
      }
    }
    return of("clouds " + seed, rows, labels);
  }

  public static LabelledFeatures of(String name, float[][] rows, int... labels) {
    return new LabelledFeatures(
        name, FeatureMatrix.of(rows), Labels.of(labels), new DataDigest("", "nothing"));
  }
}
