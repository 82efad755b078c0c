package simclr.data.augment;

import com.google.common.collect.ImmutableList;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.image.ResizeBicubic;
import org.tensorflow.op.image.StatelessSampleDistortedBoundingBox;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * Cuts a box out of an image and brings it to the size of a view.
 *
 * <p>A box has shape (4,) and holds (top, left, height, width) in pixels. Image shapes are the
 * tensors of shape (3,) that hold (height, width, channels).
 */
public final class Crop {
  private static final float LARGEST_ASPECT = 4f / 3;
  private static final float SMALLEST_ASPECT = 3f / 4;

  private Crop() {}

  /**
   * Draws a box of random area and aspect.
   *
   * <p>Aspect (width to height) is uniform in [3/4, 4/3] times {@code outputAspect}, height uniform
   * between those that give 8 and 100 percent of the area. The op rejects boxes that cover less
   * than a tenth of the image, so the area really begins at 10 percent; and unless a box is as high
   * (wide) as the image, it never touches the lower (right) edge. Where 100 attempts fail, as in
   * strips of 10 to 200 pixels, the box is the whole image.
   *
   * @param seed shape (2,)
   * @param outputAspect width to height of the views
   */
  public static Operand<TInt32> randomBox(
      Ops tf, Operand<? extends TNumber> seed, Operand<TInt32> imageShape, float outputAspect) {
    StatelessSampleDistortedBoundingBox<TInt32> box =
        tf.image.statelessSampleDistortedBoundingBox(
            imageShape,
            tf.constant(new float[][][] {{{0, 0, 1, 1}}}),
            tf.constant(0.1f),
            seed,
            StatelessSampleDistortedBoundingBox.aspectRatioRange(
                SMALLEST_ASPECT * outputAspect, LARGEST_ASPECT * outputAspect),
            StatelessSampleDistortedBoundingBox.areaRange(0.08f, 1f),
            StatelessSampleDistortedBoundingBox.maxAttempts(100L),
            StatelessSampleDistortedBoundingBox.useImageIfNoBoundingBoxes(true));
    Operand<TInt32> corner = tf.slice(box.begin(), tf.array(0), tf.array(2));
    Operand<TInt32> extent = tf.slice(box.sizeOutput(), tf.array(0), tf.array(2));
    return tf.concat(ImmutableList.of(corner, extent), tf.constant(0));
  }

  /**
   * The central box that keeps {@code proportion} of the image along the side that loses less, in
   * the aspect of the output.
   *
   * <p>All products are of float32 and rounded half to even; an odd margin leaves the larger half
   * above and on the left.
   */
  public static Operand<TInt32> centralBox(
      Ops tf, Operand<TInt32> imageShape, int outHeight, int outWidth, double proportion) {
    double aspect = (double) outWidth / outHeight;
    Operand<TInt32> extent = tf.slice(imageShape, tf.array(0), tf.array(2));
    Operand<TFloat32> height = side(tf, imageShape, 0);
    Operand<TFloat32> width = side(tf, imageShape, 1);
    Operand<TBool> outputIsWider =
        tf.math.greater(tf.constant((float) aspect), tf.math.div(width, height));
    Operand<TFloat32> fromWidth =
        tf.stack(
            ImmutableList.of(
                tf.math.mul(tf.constant((float) (proportion / aspect)), width),
                tf.math.mul(tf.constant((float) proportion), width)));
    Operand<TFloat32> fromHeight =
        tf.stack(
            ImmutableList.of(
                tf.math.mul(tf.constant((float) proportion), height),
                tf.math.mul(tf.constant((float) (proportion * aspect)), height)));
    Operand<TInt32> cropped =
        tf.dtypes.cast(tf.math.rint(tf.select(outputIsWider, fromWidth, fromHeight)), TInt32.class);
    Operand<TInt32> margin = tf.math.add(tf.math.sub(extent, cropped), tf.constant(1));
    return tf.concat(
        ImmutableList.of(tf.math.floorDiv(margin, tf.constant(2)), cropped), tf.constant(0));
  }

  /**
   * Cuts the box out and resizes it by bicubic interpolation (Keys, a = -0.5; half-pixel centres;
   * no antialiasing). Pixels outside the box take no part. The result may leave [0, 1]; a box of
   * the output's size comes out unchanged.
   *
   * @param image shape (height, width, 3)
   * @return shape (outHeight, outWidth, 3)
   */
  public static Operand<TFloat32> cropAndResize(
      Ops tf, Operand<TFloat32> image, Operand<TInt32> box, int outHeight, int outWidth) {
    Operand<TInt32> corner = tf.slice(box, tf.array(0), tf.array(2));
    Operand<TInt32> extent = tf.slice(box, tf.array(2), tf.array(2));
    Operand<TFloat32> cut =
        tf.slice(
            image,
            tf.concat(ImmutableList.of(corner, tf.array(0)), tf.constant(0)),
            tf.concat(ImmutableList.of(extent, tf.array(3)), tf.constant(0)));
    return resize(tf, cut, outHeight, outWidth);
  }

  /** Resizes the whole image as {@link #cropAndResize} does a box. */
  static Operand<TFloat32> resize(Ops tf, Operand<TFloat32> image, int outHeight, int outWidth) {
    Operand<TFloat32> one = tf.expandDims(image, tf.constant(0));
    Operand<TFloat32> resized =
        tf.image.resizeBicubic(
            one, tf.array(outHeight, outWidth), ResizeBicubic.halfPixelCenters(true));
    return tf.squeeze(resized, Squeeze.axis(0L));
  }

  private static Operand<TFloat32> side(Ops tf, Operand<TInt32> imageShape, int axis) {
    Operand<TInt32> pixels = tf.gather(imageShape, tf.constant(axis), tf.constant(0));
    return tf.dtypes.cast(pixels, TFloat32.class);
  }
}
