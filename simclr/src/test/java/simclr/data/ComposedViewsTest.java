package simclr.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.Composition.Transformation;

/** Views of the study of augmentations, on a smooth image and on a flat one. */
final class ComposedViewsTest {
  private static final int SIZE = 12;

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
    float[][][][] views = views(List.of(transformation), true, 3, smooth());
    assertThat(views(List.of(transformation), true, 3, smooth())).isDeepEqualTo(views);
    assertThat(Arrays.deepEquals(views(List.of(transformation), true, 4, smooth()), views))
        .isFalse();
  }

  @Test
  void bothBranchesDrawForThemselves() {
    float[][][][] views = views(List.of(Transformation.NOISE), true, 3, flat());
    assertThat(Arrays.deepEquals(views[0], views[1])).isFalse();
    assertThat(views[0][0][0][0]).isNotEqualTo(0.25f);
  }

  @Test
  void rotationIsAQuarterOrAHalfTurn() {
    boolean[] seen = new boolean[3];
    for (int number = 0; number < 24; number++) {
      float[][][][] views = views(List.of(Transformation.ROTATE), false, number, smooth());
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
        assertThat(pixel[0]).isIn(0.25f, 0.5f);
        grey += pixel[0] == 0.5f ? 1 : 0;
      }
    }
    assertThat(grey).isBetween(9, 36);
  }

  @Test
  void transformationsAreAppliedInTheirOrder() {
    float[][][] cutLast =
        views(List.of(Transformation.SOBEL, Transformation.CUTOUT), false, 1, flat())[1];
    float[][][] cutFirst =
        views(List.of(Transformation.CUTOUT, Transformation.SOBEL), false, 1, flat())[1];
    assertThat(values(cutLast)).containsOnly(0f, 0.5f);
    assertThat(values(cutFirst)).contains(0f).doesNotContain(0.5f);
  }

  private static List<Float> values(float[][][] image) {
    return Arrays.stream(image).flatMap(Arrays::stream).map(pixel -> pixel[0]).toList();
  }

  private static float[][][] flat() {
    float[][][] image = new float[16][20][3];
    for (float[][] row : image) {
      for (float[] pixel : row) {
        Arrays.fill(pixel, 0.25f);
      }
    }
    return image;
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

  /** The two views, each by row, column and channel. */
  private static float[][][][] views(
      List<Transformation> transformations, boolean both, long number, float[][][] image) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      List<Operand<TFloat32>> views =
          new ComposedViews(SIZE, 1f, transformations, both)
              .build(tf, tf.constant(image), 7, tf.constant(number));
      try (Session session = new Session(graph);
          Result result = session.runner().fetch(views.get(0)).fetch(views.get(1)).run()) {
        return new float[][][][] {
          StdArrays.array3dCopyOf((TFloat32) result.get(0)),
          StdArrays.array3dCopyOf((TFloat32) result.get(1))
        };
      }
    }
  }
}
