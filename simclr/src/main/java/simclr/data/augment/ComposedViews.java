package simclr.data.augment;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.config.Composition.Transformation;
import simclr.model.BatchBlur;

/**
 * Two views for the study of augmentations (SimCLR section 3.1, Figure 5): both begin as one random
 * crop of the image, then chosen transformations change the second view, or each view with draws of
 * its own.
 *
 * <p>The paper leaves some strengths open; here cutout greys a square of half the side, noise has a
 * deviation of 0.1 of the range of values, sobel is the length of the gradient in each channel. The
 * others are those of {@link Augmentation}; a rotation is by 90, 180 or 270 degrees.
 */
public final class ComposedViews {
  private static final long SALT = 0x636f6d706f7365L;
  private static final float GREY = 0.5f;
  private static final float NOISE = 0.1f;
  private static final float SMALLEST_SIGMA = 0.1f;
  private static final float LARGEST_SIGMA = 2f;

  /** The largest value of a Sobel filter on an image in [0, 1]. */
  private static final float STEEPEST = 4f;

  private static final ImmutableList<ImageOp> TURNS =
      ImmutableList.of(
          (tf, image, unused) -> tf.reverse(transpose(tf, image), tf.array(0)),
          (tf, image, unused) -> tf.reverse(image, tf.array(0, 1)),
          (tf, image, unused) -> tf.reverse(transpose(tf, image), tf.array(1)));

  private final int imageSize;
  private final Augmentation usual;
  private final ImmutableList<Transformation> transformations;
  private final boolean both;

  /**
   * Views for a pretraining.
   *
   * @param imageSize side of a view in pixels
   * @param jitterStrength of {@link Transformation#COLOR}
   * @param transformations in the order of application, at least one
   * @param both whether both views are transformed
   */
  public ComposedViews(
      int imageSize, float jitterStrength, List<Transformation> transformations, boolean both) {
    checkArgument(!transformations.isEmpty(), "no transformations, expected one or more");
    this.imageSize = imageSize;
    this.usual = new Augmentation(imageSize, jitterStrength);
    this.transformations = ImmutableList.copyOf(transformations);
    this.both = both;
  }

  /**
   * Makes the two views.
   *
   * @param image shape (height, width, 3), values in [0, 1]
   * @param number scalar that no other image of the run has
   * @return two of shape (imageSize, imageSize, 3), values in [0, 1]
   */
  public ImmutableList<Operand<TFloat32>> build(
      Ops tf, Operand<TFloat32> image, long seed, Operand<TInt64> number) {
    Operand<TInt64> first = tf.math.mul(number, tf.constant(2L));
    Operand<TInt64> second = tf.math.add(first, tf.constant(1L));
    Operand<TFloat32> base =
        crop(tf, image, tf.shape(image), new Key(seed, first).derive(tf, SALT));
    return ImmutableList.of(
        both ? transform(tf, base, new Key(seed, first)) : base,
        transform(tf, base, new Key(seed, second)));
  }

  /** Where a view's draws begin: the run's seed, and a count that no other view has. */
  private record Key(long seed, Operand<TInt64> count) {
    Operand<TInt64> derive(Ops tf, long salt) {
      return tf.stack(ImmutableList.of(tf.constant(seed ^ salt), count));
    }
  }

  private Operand<TFloat32> transform(Ops tf, Operand<TFloat32> base, Key view) {
    Operand<TFloat32> x = base;
    for (int place = 0; place < transformations.size(); place++) {
      Operand<TInt64> key = view.derive(tf, SALT + 1 + place);
      x =
          tf.ensureShape(
              apply(tf, transformations.get(place), x, key), Shape.of(imageSize, imageSize, 3));
    }
    return x;
  }

  private Operand<TFloat32> apply(
      Ops tf, Transformation transformation, Operand<TFloat32> image, Operand<TInt64> key) {
    return switch (transformation) {
      case CROP -> crop(tf, image, tf.array(imageSize, imageSize, 3), key);
      case CUTOUT -> cutout(tf, image, tf.random.statelessRandomUniform(tf.array(2), key));
      case COLOR -> colour(tf, image, key);
      case SOBEL -> sobel(tf, image);
      case NOISE -> noise(tf, image, key);
      case BLUR -> blur(tf, image, tf.random.statelessRandomUniform(tf.array(1), key));
      case ROTATE -> rotate(tf, image, tf.random.statelessRandomUniform(tf.array(1), key));
    };
  }

  private Operand<TFloat32> crop(
      Ops tf, Operand<TFloat32> image, Operand<TInt32> shape, Operand<TInt64> key) {
    Operand<TInt32> box = Crop.randomBox(tf, key, shape, 1f);
    Operand<TFloat32> cut = Crop.cropAndResize(tf, image, box, imageSize, imageSize);
    return ColorJitter.clip(tf, tf.ensureShape(cut, Shape.of(imageSize, imageSize, 3)));
  }

  private Operand<TFloat32> colour(Ops tf, Operand<TFloat32> image, Operand<TInt64> key) {
    Augmentation.View view = usual.draw(tf, key, tf.array(imageSize, imageSize, 3));
    return ColorJitter.clip(tf, Augmentation.distortColours(tf, image, view));
  }

  /** The square's centre lies anywhere in the image, so that it may stick out. */
  private Operand<TFloat32> cutout(Ops tf, Operand<TFloat32> image, Operand<TFloat32> centre) {
    Operand<TFloat32> pixels =
        tf.dtypes.cast(
            tf.range(tf.constant(0), tf.constant(imageSize), tf.constant(1)), TFloat32.class);
    Operand<TFloat32> at = tf.math.mul(centre, tf.constant((float) imageSize));
    Operand<TBool> rows = within(tf, pixels, element(tf, at, 0));
    Operand<TBool> columns = within(tf, pixels, element(tf, at, 1));
    Operand<TBool> square =
        tf.math.logicalAnd(
            tf.reshape(rows, tf.array(-1, 1, 1)), tf.reshape(columns, tf.array(1, -1, 1)));
    return tf.select(square, tf.constant(GREY), image);
  }

  private Operand<TBool> within(Ops tf, Operand<TFloat32> pixels, Operand<TFloat32> centre) {
    Operand<TFloat32> distance = tf.math.abs(tf.math.sub(pixels, centre));
    return tf.math.less(distance, tf.constant(imageSize / 4f));
  }

  private Operand<TFloat32> sobel(Ops tf, Operand<TFloat32> image) {
    float[][] across = {{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}};
    float[][][][] filters = new float[3][3][3][2];
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 3; x++) {
        for (int channel = 0; channel < 3; channel++) {
          filters[y][x][channel] = new float[] {across[y][x], across[x][y]};
        }
      }
    }
    Operand<TFloat32> padded =
        tf.mirrorPad(image, tf.constant(new int[][] {{1, 1}, {1, 1}, {0, 0}}), "REFLECT");
    Operand<TFloat32> slopes =
        tf.nn.depthwiseConv2dNative(
            tf.expandDims(padded, tf.constant(0)),
            tf.constant(filters),
            ImmutableList.of(1L, 1L, 1L, 1L),
            "VALID");
    Operand<TFloat32> pairs = tf.reshape(slopes, tf.array(imageSize, imageSize, 3, 2));
    Operand<TFloat32> length = tf.math.sqrt(tf.reduceSum(tf.math.square(pairs), tf.constant(-1)));
    return ColorJitter.clip(tf, tf.math.div(length, tf.constant(STEEPEST)));
  }

  private Operand<TFloat32> noise(Ops tf, Operand<TFloat32> image, Operand<TInt64> key) {
    Operand<TFloat32> normal =
        tf.random.statelessRandomNormal(tf.array(imageSize, imageSize, 3), key);
    return ColorJitter.clip(tf, tf.math.add(image, tf.math.mul(normal, tf.constant(NOISE))));
  }

  private Operand<TFloat32> blur(Ops tf, Operand<TFloat32> image, Operand<TFloat32> uniform) {
    Operand<TFloat32> sigma =
        tf.math.add(
            tf.constant(SMALLEST_SIGMA),
            tf.math.mul(element(tf, uniform, 0), tf.constant(LARGEST_SIGMA - SMALLEST_SIGMA)));
    Operand<TFloat32> blurred =
        BatchBlur.gaussianBlur(
            tf, tf.expandDims(image, tf.constant(0)), BatchBlur.kernelSize(imageSize), sigma);
    return ColorJitter.clip(tf, tf.squeeze(blurred, Squeeze.axis(0L)));
  }

  private static Operand<TFloat32> rotate(
      Ops tf, Operand<TFloat32> image, Operand<TFloat32> uniform) {
    Operand<TFloat32> turn =
        tf.math.mul(element(tf, uniform, 0), tf.constant((float) TURNS.size()));
    return ImageOp.switchCase(
        tf, tf.dtypes.cast(turn, TInt32.class), image, tf.constant(0f), TURNS);
  }

  private static Operand<TFloat32> transpose(Ops tf, Operand<TFloat32> image) {
    return tf.linalg.transpose(image, tf.array(1, 0, 2));
  }

  private static Operand<TFloat32> element(Ops tf, Operand<TFloat32> vector, int place) {
    return tf.gather(vector, tf.constant(place), tf.constant(0));
  }
}
