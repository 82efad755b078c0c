package simclr.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.config.Composition.Transformation;

/** Views of the study of augmentations, on a smooth image and on a flat one. */
@Tag("numeric")
final class ComposedViewsTest {
  private static final int SIZE = 20;

  @ParameterizedTest
  @EnumSource(Transformation.class)
  void onlyTheSecondViewIsTransformed(Transformation transformation) {
    float[][][][] views = views(List.of(transformation), false, 3, smooth());
    float[][][][] others = views(List.of(Transformation.SOBEL), false, 3, smooth());
    assertThat(views[0]).isDeepEqualTo(others[0]);
    assertThat(Arrays.deepEquals(views[1], views[0])).isFalse();
    for (float[][] row : views[1]) {
      for (float[] pixel : row) {
        for (float value : pixel) {
          assertThat(value).isBetween(0f, 1f);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Transformation.class)
  void sameNumberMakesTheSameViewsAndAnotherOthers(Transformation transformation) {
    List<float[][][][]> views = views(List.of(transformation), true, smooth(), 3, 4, 3);
    assertThat(views.get(2)).isDeepEqualTo(views.get(0));
    assertThat(Arrays.deepEquals(views.get(1), views.get(0))).isFalse();
  }

  @Test
  void bothBranchesDrawForThemselves() {
    float[][][][] views = views(List.of(Transformation.NOISE), true, 3, flat());
    assertThat(Arrays.deepEquals(views[0], views[1])).isFalse();
  }

  @Test
  void rotationIsAQuarterOrAHalfTurn() {
    boolean[] seen = new boolean[3];
    long[] numbers = LongStream.range(0, 24).toArray();
    for (float[][][][] views : views(List.of(Transformation.ROTATE), false, smooth(), numbers)) {
      boolean[] turns = new boolean[3];
      Arrays.fill(turns, true);
      for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
          int last = SIZE - 1;
          turns[0] &= Arrays.equals(views[1][y][x], views[0][x][last - y]);
          turns[1] &= Arrays.equals(views[1][y][x], views[0][last - y][last - x]);
          turns[2] &= Arrays.equals(views[1][y][x], views[0][last - x][y]);
        }
      }
      assertThat(turns).contains(true);
      for (int turn = 0; turn < 3; turn++) {
        seen[turn] |= turns[turn];
      }
    }
    assertThat(seen).containsOnly(true);
  }

  @Test
  void edgesOfAFlatImageAreNone() {
    assertThat(views(List.of(Transformation.SOBEL), false, 1, flat())[1])
        .isDeepEqualTo(new float[SIZE][SIZE][3]);
  }

  @Test
  void cutoutGreysASquareAndLeavesTheRest() {
    float[][][][] views = views(List.of(Transformation.CUTOUT), false, 1, flat());
    int grey = 0;
    for (float[][] row : views[1]) {
      for (float[] pixel : row) {
        assertThat(pixel[0]).isIn(0f, 0.5f);
        grey += pixel[0] == 0.5f ? 1 : 0;
      }
    }
    assertThat(grey).isBetween(25, 100);
  }

  @Test
  void transformationsAreAppliedInTheirOrder() {
    float[][][] cutLast =
        views(List.of(Transformation.SOBEL, Transformation.CUTOUT), false, 1, flat())[1];
    float[][][] cutFirst =
        views(List.of(Transformation.CUTOUT, Transformation.SOBEL), false, 1, flat())[1];
    assertThat(values(cutLast)).containsOnly(0f, 0.5f);
    assertThat(values(cutFirst)).anyMatch(value -> value != 0 && value != 0.5f);
  }

  private static List<Float> values(float[][][] image) {
    return Arrays.stream(image).flatMap(Arrays::stream).map(pixel -> pixel[0]).toList();
  }

  /** Black, which resizing keeps exactly. */
  private static float[][][] flat() {
    return new float[16][20][3];
  }

  private static float[][][] smooth() {
    float[][][] image = new float[16][20][3];
    for (int y = 0; y < 16; y++) {
      for (int x = 0; x < 20; x++) {
        image[y][x] = new float[] {y / 16f, x / 20f, (x * y) / 400f};
      }
    }
    return image;
  }

  private static float[][][][] views(
      List<Transformation> transformations, boolean both, long number, float[][][] image) {
    return views(transformations, both, image, number).get(0);
  }

  /** The two views of each number, each by row, column and channel. */
  private static List<float[][][][]> views(
      List<Transformation> transformations, boolean both, float[][][] image, long... numbers) {
    List<float[][][][]> found = new ArrayList<>();
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TInt64> fed = tf.placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
      List<Operand<TFloat32>> views =
          new ComposedViews(SIZE, 1f, transformations, both).build(tf, tf.constant(image), 7, fed);
      try (Session session = new Session(graph)) {
        for (long number : numbers) {
          try (TInt64 scalar = TInt64.scalarOf(number);
              Result result =
                  session
                      .runner()
                      .feed(fed, scalar)
                      .fetch(views.get(0))
                      .fetch(views.get(1))
                      .run()) {
            found.add(
                new float[][][][] {
                  StdArrays.array3dCopyOf((TFloat32) result.get(0)),
                  StdArrays.array3dCopyOf((TFloat32) result.get(1))
                });
          }
        }
      }
    }
    return found;
  }
}
