package simclr.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.parallel.Replicas;

/** The losses against loops over pairs that are written out here, and against differences. */
@Tag("numeric")
final class ContrastiveLossTest {
  private static final int IMAGES = 5;
  private static final int WIDTH = 4;
  private static final float TEMPERATURE = 0.5f;
  private static final float MARGIN = 0.4f;

  static Stream<ContrastiveLoss> losses() {
    List<ContrastiveLoss> all = new ArrayList<>();
    for (boolean normalize : new boolean[] {true, false}) {
      for (boolean oneView : new boolean[] {true, false}) {
        all.add(new NtXent(TEMPERATURE, normalize, oneView));
        for (boolean semiHard : new boolean[] {true, false}) {
          all.add(new NtLogistic(TEMPERATURE, normalize, oneView, semiHard));
          all.add(new MarginTriplet(MARGIN, TEMPERATURE, normalize, oneView, semiHard));
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("losses")
  void valueIsThatOfALoopOverPairs(ContrastiveLoss loss) {
    for (int seed = 0; seed < 5; seed++) {
      float[][] z = rows(seed);
      assertThat((double) evaluate(loss, z).loss())
          .as("seed %s", seed)
          .isCloseTo(expected(loss, z), within(2e-5));
    }
  }

  @ParameterizedTest
  @MethodSource("losses")
  void gradientIsThatOfDifferences(ContrastiveLoss loss) {
    float[][] z = rows(1);
    List<float[]> gradient = evaluate(loss, z).gradient();
    double step = 1e-4;
    boolean moves = false;
    for (int i = 0; i < z.length; i++) {
      for (int d = 0; d < WIDTH; d++) {
        double[][] up = doubles(z);
        double[][] down = doubles(z);
        up[i][d] += step;
        down[i][d] -= step;
        double difference = (expected(loss, up) - expected(loss, down)) / (2 * step);
        assertThat((double) gradient.get(i)[d])
            .as("z[%s][%s]", i, d)
            .isCloseTo(difference, within(2e-4));
        moves |= Math.abs(difference) > 1e-3;
      }
    }
    assertThat(moves).isTrue();
  }

  static Stream<ContrastiveLoss> lossesWithCollapseLevel() {
    return losses().filter(loss -> !dependsOnLength(loss));
  }

  static Stream<ContrastiveLoss> lossesWithoutCollapseLevel() {
    return losses().filter(ContrastiveLossTest::dependsOnLength);
  }

  /** NT-Logistic weighs a positive alone, so that its value at equal rows follows their length. */
  private static boolean dependsOnLength(ContrastiveLoss loss) {
    return loss instanceof NtLogistic logistic && !logistic.normalize();
  }

  @ParameterizedTest
  @MethodSource("lossesWithCollapseLevel")
  void equalRowsSitAtTheCollapseLevel(ContrastiveLoss loss) {
    for (int width : new int[] {1, 4, 63, 128}) {
      for (float[][] z : List.of(equalRows(IMAGES, unitRow(width)), equalRows(37, row(width, 1)))) {
        assertThat((double) evaluate(loss, z).loss())
            .as("width %s, %s rows", width, z.length)
            .isCloseTo(loss.collapseLevel(z.length / 2).orElseThrow(), within(1e-4));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("lossesWithoutCollapseLevel")
  void thereIsNoCollapseLevelWhereItDependsOnTheLengthOfZ(ContrastiveLoss loss) {
    assertThat(loss.collapseLevel(IMAGES)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(floats = {1e-3f, 1, 1e3f})
  void aNegativeAsSimilarAsThePositiveIsNotSemiHard(float scale) {
    for (int width : new int[] {3, 64, 128, 257}) {
      float[][] z = equalRows(33, row(width, scale));
      for (boolean oneView : new boolean[] {true, false}) {
        Evaluated triplet =
            evaluate(new MarginTriplet(MARGIN, TEMPERATURE, false, oneView, true), z);
        assertThat(triplet.loss()).as("width %s", width).isZero();
        assertThat(triplet.gradient()).allSatisfy(row -> assertThat(row).containsOnly(0));
      }
    }
  }

  @Test
  void aNegativeJustBelowThePositiveIsSemiHard() {
    float below = 1 - 1e-5f;
    // Two images: similarity 1 with the partner, a hair less with the other image's views.
    float across = (float) Math.sqrt(1 - below * below);
    float[][] z = {{1, 0}, {below, across}, {1, 0}, {below, across}};
    assertThat((double) evaluate(new MarginTriplet(MARGIN, 1, false, false, true), z).loss())
        .isCloseTo(2 * (MARGIN - 1e-5), within(1e-6));
  }

  @Test
  void ofNegativesThatAreEquallyNearTheFirstIsPushed() {
    // The second and the third image have the same views.
    float[][] z = {{1, 0}, {0.8f, 0.6f}, {0.8f, 0.6f}, {1, 0}, {0.8f, 0.6f}, {0.8f, 0.6f}};
    List<float[]> gradient =
        evaluate(new MarginTriplet(MARGIN, 1, false, true, true), z).gradient();
    // As negatives of the first image only: the others' nearest are each other, exact ties.
    assertThat(gradient.get(1)).isNotEqualTo(gradient.get(2));
    assertThat(gradient.get(4)).isNotEqualTo(gradient.get(5));
  }

  @Test
  void semiHardPicksTheNearestNegativeBelowThePositive() {
    // Seen from the first image: its partner at 0.8, one image nearer than that, one farther.
    float[][] z = {
      {1, 0}, {0.96f, 0.28f}, {0.6f, 0.8f}, {0.8f, 0.6f}, {0.96f, 0.28f}, {0.6f, 0.8f}
    };
    double[][] u = doubles(z);
    double all = 0;
    double semiHard = 0;
    for (int anchor = 0; anchor < 6; anchor++) {
      double positive = dot(u[anchor], u[(anchor + 3) % 6]);
      double mean = 0;
      double nearest = Double.NEGATIVE_INFINITY;
      for (int image = 0; image < 3; image++) {
        if (image != anchor % 3) {
          double negative = dot(u[anchor], u[image + (anchor < 3 ? 3 : 0)]);
          mean += Math.max(negative - positive + MARGIN, 0) / 2;
          if (negative < positive - 1e-6 && negative > positive - MARGIN) {
            nearest = Math.max(nearest, negative);
          }
        }
      }
      all += mean / 3;
      semiHard += Math.max(nearest - positive + MARGIN, 0) / 3;
    }
    assertThat((double) evaluate(new MarginTriplet(MARGIN, 1, false, true, false), z).loss())
        .isCloseTo(all, within(1e-5));
    assertThat((double) evaluate(new MarginTriplet(MARGIN, 1, false, true, true), z).loss())
        .isCloseTo(semiHard, within(1e-5));
    assertThat(semiHard).isGreaterThan(0).isLessThan(all);
  }

  private static float[] unitRow(int width) {
    float[] row = new float[width];
    row[0] = 1;
    return row;
  }

  private static float[] row(int width, float scale) {
    SplittableRandom random = new SplittableRandom(width);
    float[] row = new float[width];
    for (int d = 0; d < width; d++) {
      row[d] = scale * (float) random.nextDouble(-1, 1);
    }
    return row;
  }

  private static float[][] equalRows(int images, float[] row) {
    float[][] z = new float[2 * images][];
    Arrays.fill(z, row);
    return z;
  }

  private static double expected(ContrastiveLoss loss, float[][] z) {
    return expected(loss, doubles(z));
  }

  /** Mean over images of the sum over both views. */
  private static double expected(ContrastiveLoss loss, double[][] z) {
    boolean normalize =
        loss instanceof NtXent x
            ? x.normalize()
            : loss instanceof NtLogistic l ? l.normalize() : ((MarginTriplet) loss).normalize();
    boolean oneView =
        loss instanceof NtXent x
            ? x.oneView()
            : loss instanceof NtLogistic l ? l.oneView() : ((MarginTriplet) loss).oneView();
    double[][] u = normalize ? unit(z) : z;
    double total = 0;
    for (int anchor = 0; anchor < 2 * IMAGES; anchor++) {
      int partner = (anchor + IMAGES) % (2 * IMAGES);
      double positive = dot(u[anchor], u[partner]);
      List<Double> negatives = new ArrayList<>();
      for (int other = 0; other < 2 * IMAGES; other++) {
        boolean otherImage = other % IMAGES != anchor % IMAGES;
        boolean otherHalf = other / IMAGES != anchor / IMAGES;
        if (otherImage && (otherHalf || !oneView)) {
          negatives.add(dot(u[anchor], u[other]));
        }
      }
      total += ofAnchor(loss, positive, negatives);
    }
    return total / IMAGES;
  }

  private static double ofAnchor(ContrastiveLoss loss, double positive, List<Double> negatives) {
    if (loss instanceof NtXent) {
      double sum = Math.exp(positive / TEMPERATURE);
      for (double negative : negatives) {
        sum += Math.exp(negative / TEMPERATURE);
      }
      return Math.log(sum) - positive / TEMPERATURE;
    }
    if (loss instanceof NtLogistic logistic) {
      double own = -Math.log(sigmoid(positive / TEMPERATURE));
      if (logistic.semiHard()) {
        return own
            + negatives.stream()
                .filter(n -> n < positive)
                .max(Double::compare)
                .map(n -> -Math.log(sigmoid(-n / TEMPERATURE)))
                .orElse(0.0);
      }
      return own
          + negatives.stream()
              .mapToDouble(n -> -Math.log(sigmoid(-n / TEMPERATURE)))
              .average()
              .orElse(0);
    }
    if (((MarginTriplet) loss).semiHard()) {
      return negatives.stream()
          .filter(n -> n < positive && n > positive - MARGIN)
          .max(Double::compare)
          .map(n -> n - positive + MARGIN)
          .orElse(0.0);
    }
    return negatives.stream()
        .mapToDouble(n -> Math.max(n - positive + MARGIN, 0))
        .average()
        .orElse(0);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int d = 0; d < x.length; d++) {
      sum += x[d] * y[d];
    }
    return sum;
  }

  private static double[][] unit(double[][] z) {
    double[][] unit = new double[z.length][];
    for (int i = 0; i < z.length; i++) {
      double length = Math.sqrt(dot(z[i], z[i]));
      unit[i] = Arrays.stream(z[i]).map(value -> value / length).toArray();
    }
    return unit;
  }

  private static double[][] doubles(float[][] z) {
    double[][] copy = new double[z.length][z[0].length];
    for (int i = 0; i < z.length; i++) {
      for (int d = 0; d < z[i].length; d++) {
        copy[i][d] = z[i][d];
      }
    }
    return copy;
  }

  /** Partners lie near each other, as after some training, so that all cases occur. */
  private static float[][] rows(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] z = new float[2 * IMAGES][WIDTH];
    for (int i = 0; i < IMAGES; i++) {
      for (int d = 0; d < WIDTH; d++) {
        z[i][d] = (float) random.nextDouble(-1, 1);
        z[i + IMAGES][d] = z[i][d] + (float) random.nextDouble(-0.5, 0.5);
      }
    }
    return z;
  }

  private record Evaluated(float loss, List<float[]> gradient) {}

  private static Evaluated evaluate(ContrastiveLoss loss, float[][] rows) {
    try (Graph graph = new Graph();
        TFloat32 fed = TFloat32.tensorOf(StdArrays.ndCopyOf(rows))) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> z =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(rows.length, rows[0].length)));
      Operand<TFloat32> value = loss.build(tf, Replicas.single(), z).loss();
      Output<?> gradient = graph.addGradients(value.asOutput(), new Output<?>[] {z.asOutput()})[0];
      try (Session session = new Session(graph);
          Result result = session.runner().feed(z, fed).fetch(value).fetch(gradient).run()) {
        return new Evaluated(
            ((TFloat32) result.get(0)).getFloat(),
            List.of(StdArrays.array2dCopyOf((TFloat32) result.get(1))));
      }
    }
  }
}
