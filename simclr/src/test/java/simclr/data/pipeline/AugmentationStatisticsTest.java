package simclr.data.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.Statistics.assertEquallyLikely;
import static simclr.data.Statistics.assertProbability;
import static simclr.data.Statistics.assertSameDistribution;
import static simclr.data.Statistics.assertUncorrelated;
import static simclr.data.Statistics.assertUniform;
import static simclr.data.Statistics.mean;
import static simclr.data.Statistics.standardError;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.data.augment.Augmentation;

/** The numbers that views are drawn with, against their documented distributions. */
@Tag("numeric")
final class AugmentationStatisticsTest {
  private static final long SEED = 20200213;
  private static final int DRAWS = 6000;

  /** Columns of a drawn view. */
  private static final int TOP = 0;

  private static final int LEFT = 1;
  private static final int HEIGHT = 2;
  private static final int WIDTH = 3;
  private static final int FLIP = 4;
  private static final int JITTER = 5;
  private static final int GRAY = 6;
  private static final int FACTORS = 7;
  private static final int ORDER = 11;
  private static final int COLUMNS = 15;

  @Test
  void branchesAreTakenWithTheirProbabilities() {
    double[][] views = views(0.5f, 48, 40, 0);
    assertProbability("flip", views[FLIP], 0.5);
    assertProbability("jitter", views[JITTER], 0.8);
    assertProbability("gray", views[GRAY], 0.2);
  }

  @ParameterizedTest
  @CsvSource({
    // strength, brightness from, contrast and saturation from, all three to, hue
    "0.5, 0.6, 0.6, 1.4, 0.1",
    "1, 0.2, 0.2, 1.8, 0.2",
    "1.25, 0, 0, 2, 0.25",
  })
  void factorsAreUniformInTheirRanges(
      float strength, double brightness, double low, double high, double hue) {
    double[][] views = views(strength, 32, 32, 0);
    // The ends are of float32.
    double slack = 1e-6;
    assertUniform("brightness", views[FACTORS], brightness - slack, high + slack);
    assertUniform("contrast", views[FACTORS + 1], low - slack, high + slack);
    assertUniform("saturation", views[FACTORS + 2], low - slack, high + slack);
    assertUniform("hue", views[FACTORS + 3], -hue - slack, hue + slack);
  }

  @Test
  void allOrdersOfTheFourDistortionsAreEquallyLikely() {
    double[][] views = views(0.5f, 32, 32, 0);
    long[] counts = new long[256];
    for (int i = 0; i < DRAWS; i++) {
      int code = 0;
      for (int place = 0; place < 4; place++) {
        code = 4 * code + (int) views[ORDER + place][i];
      }
      counts[code]++;
    }
    long[] seen = Arrays.stream(counts).filter(n -> n > 0).toArray();
    assertThat(seen).hasSize(24);
    assertEquallyLikely("orders", seen);
  }

  @Test
  void cropsHaveTheReferencesMeansAndKeepOffTheFarEdges() throws IOException {
    Path golden =
        Path.of(System.getProperty("simclr.testdata"), "golden/augment-crop-distribution.json");
    for (JsonNode example : new JsonMapper().readTree(golden.toFile()).get("cases")) {
      int height = example.get("image").get(0).asInt();
      int width = example.get("image").get(1).asInt();
      double goldenSamples = example.get("samples").asDouble();
      double[][] views = views(0.5f, height, width, 0);
      JsonNode expected = example.get("outputs");
      assertMean("area", areas(views, height, width), expected.get("mean_area"), goldenSamples);
      assertMean("height", views[HEIGHT], expected.get("mean_height"), goldenSamples);
      assertMean("width", views[WIDTH], expected.get("mean_width"), goldenSamples);
      assertMean("top", views[TOP], expected.get("mean_y"), goldenSamples);
      assertMean("left", views[LEFT], expected.get("mean_x"), goldenSamples);
      for (int i = 0; i < DRAWS; i++) {
        boolean bottom = views[TOP][i] + views[HEIGHT][i] == height && views[HEIGHT][i] < height;
        boolean right = views[LEFT][i] + views[WIDTH][i] == width && views[WIDTH][i] < width;
        assertThat(bottom || right).as("box %s touches the far edge", i).isFalse();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"32, 32", "48, 40", "224, 300"})
  void cropsAreDistributedAsTheirDescriptionSays(int height, int width) {
    double[][] views = views(0.5f, height, width, 0);
    double[][] described = describedBoxes(height, width);
    assertSameDistribution("area", areas(views, height, width), areas(described, height, width));
    assertSameDistribution("aspect", aspects(views), aspects(described));
    assertSameDistribution("top", views[TOP], described[TOP]);
    assertSameDistribution("left", views[LEFT], described[LEFT]);
    assertThat(Arrays.stream(areas(views, height, width)).boxed())
        .allMatch(area -> area >= 0.1 && area <= 1);
    double rounding = 1.0 / (0.25 * Math.min(height, width));
    assertThat(Arrays.stream(aspects(views)).boxed())
        .allMatch(q -> q > 0.75 - rounding && q < 4.0 / 3 + 2 * rounding);
  }

  @Test
  void numbersOfAViewAreIndependent() {
    double[][] views = views(0.5f, 64, 64, 0);
    for (int a = 0; a < COLUMNS; a++) {
      for (int b = a + 1; b < COLUMNS; b++) {
        boolean sameBox = b <= WIDTH;
        boolean sameOrder = a >= ORDER;
        if (!sameBox && !sameOrder) {
          assertUncorrelated("columns " + a + " and " + b, views[a], views[b]);
        }
      }
    }
  }

  @Test
  void viewsOfAnImageAndOfNeighboursAreIndependent() {
    double[][] views = views(0.5f, 64, 64, 0);
    for (int shift : new int[] {1, 2}) {
      double[][] others = views(0.5f, 64, 64, shift);
      for (int a = 0; a < COLUMNS; a++) {
        for (int b = 0; b < COLUMNS; b++) {
          // Every second view: the first ones of all images.
          assertUncorrelated(
              "column " + a + " and, " + shift + " on, " + b, even(views[a]), even(others[b]));
        }
      }
    }
  }

  @Test
  void withoutStrengthFactorsChangeNothing() {
    double[][] views = views(0, 32, 32, 0);
    assertThat(views[FACTORS]).containsOnly(1);
    assertThat(views[FACTORS + 3]).containsOnly(0);
  }

  private static void assertMean(
      String what, double[] sample, JsonNode golden, double goldenSamples) {
    double error = standardError(sample) * Math.sqrt(1 + sample.length / goldenSamples);
    double difference = mean(sample) - golden.get("values").get(0).asDouble();
    assertThat(difference).as("mean %s", what).isBetween(-4 * error - 1e-6, 4 * error + 1e-6);
  }

  private static double[] areas(double[][] boxes, int height, int width) {
    return IntStream.range(0, DRAWS)
        .mapToDouble(i -> boxes[HEIGHT][i] * boxes[WIDTH][i] / (height * width))
        .toArray();
  }

  private static double[] aspects(double[][] boxes) {
    return IntStream.range(0, DRAWS).mapToDouble(i -> boxes[WIDTH][i] / boxes[HEIGHT][i]).toArray();
  }

  private static double[] even(double[] column) {
    return IntStream.range(0, DRAWS / 2).mapToDouble(i -> column[2 * i]).toArray();
  }

  /** Draws views with the keys (SEED, first), (SEED, first + 1), ...; by column. */
  private static double[][] views(float strength, int height, int width, long first) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Augmentation augmentation = new Augmentation(32, strength);
      Dataset.Iterator iterator =
          Dataset.range(tf, tf.constant(first), tf.constant(first + DRAWS))
              .map(
                  ImmutableList.of(),
                  2,
                  Dataset.Element.of(TFloat32.class, Shape.of(COLUMNS)),
                  (ops, element, captured) -> {
                    Operand<TInt64> count = element.get(0).asOutput().expect(TInt64.class);
                    Operand<TInt64> key = ops.stack(ImmutableList.of(ops.constant(SEED), count));
                    return ImmutableList.of(
                        columns(ops, augmentation.draw(ops, key, ops.array(height, width, 3))));
                  })
              .fullBatches(DRAWS)
              .iterator("views");
      try (Session session = new Session(graph)) {
        session.runner().addTarget(iterator.make()).run().close();
        try (Result result = session.runner().fetch(iterator.next().get(0)).run()) {
          float[][] rows = StdArrays.array2dCopyOf((TFloat32) result.get(0));
          double[][] columns = new double[COLUMNS][DRAWS];
          for (int i = 0; i < DRAWS; i++) {
            for (int c = 0; c < COLUMNS; c++) {
              columns[c][i] = rows[i][c];
            }
          }
          return columns;
        }
      }
    }
  }

  private static Operand<TFloat32> columns(Ops tf, Augmentation.View view) {
    Operand<TFloat32> branches =
        tf.dtypes.cast(
            tf.stack(ImmutableList.of(view.flip(), view.jitter(), view.gray())), TFloat32.class);
    return tf.concat(
        ImmutableList.of(
            tf.dtypes.cast(view.box(), TFloat32.class),
            branches,
            view.factors(),
            tf.dtypes.cast(view.order(), TFloat32.class)),
        tf.constant(0));
  }

  /** The sampler of TensorFlow's op, written again from its description. */
  private static double[][] describedBoxes(int height, int width) {
    Random random = new Random(SEED);
    double[][] boxes = new double[4][DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      int[] box = {0, 0, height, width};
      for (int attempt = 0; attempt < 100; attempt++) {
        int[] tried = describedBox(random, height, width);
        if (tried.length > 0) {
          box = tried;
          break;
        }
      }
      for (int c = 0; c < 4; c++) {
        boxes[c][i] = box[c];
      }
    }
    return boxes;
  }

  /** One attempt; empty if it fails. */
  private static int[] describedBox(Random random, int imageHeight, int imageWidth) {
    double area = imageHeight * (double) imageWidth;
    double aspect = 0.75 + random.nextDouble() * (4.0 / 3 - 0.75);
    long lowest = Math.round(Math.sqrt(0.08 * area / aspect));
    long highest = Math.round(Math.sqrt(area / aspect));
    if (Math.round(highest * aspect) > imageWidth) {
      highest = (long) ((imageWidth + 0.5 - 1e-7) / aspect);
      if (Math.round(highest * aspect) > imageWidth) {
        highest--;
      }
    }
    highest = Math.min(highest, imageHeight);
    lowest = Math.min(lowest, highest);
    long height = lowest + random.nextInt((int) (highest - lowest + 1));
    long width = (long) Math.rint(height * aspect);
    if (width * height < 0.08 * area) {
      height++;
      width = (long) Math.rint(height * aspect);
    }
    if (width * height > area) {
      height--;
      width = (long) Math.rint(height * aspect);
    }
    boolean possible = width > 0 && width <= imageWidth && height > 0 && height <= imageHeight;
    if (!possible || width * height < 0.1 * area || width * height > area) {
      return new int[0];
    }
    int top = height < imageHeight ? random.nextInt((int) (imageHeight - height)) : 0;
    int left = width < imageWidth ? random.nextInt((int) (imageWidth - width)) : 0;
    return new int[] {top, left, (int) height, (int) width};
  }
}
