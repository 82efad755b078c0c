package simclr.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * The Gaussian blur of pretraining (SimCLR appendix A), which the reference applies inside the
 * model: one width for the whole batch of a view, half of its images blurred.
 */
public final class BatchBlur {
  /** Keeps the draws apart from those of the input pipeline, whose seeds have the same form. */
  private static final long SALT = 0x426c7572L;

  private static final float SMALLEST_SIGMA = 0.1f;
  private static final float LARGEST_SIGMA = 2f;
  private static final float BLURRED = 0.5f;

  private BatchBlur() {}

  /**
   * Blurs each image with probability 0.5 and clips to [0, 1].
   *
   * @param images shape (n, height, width, 3): one view of all images of a replica
   * @param imageSize side in pixels, from which the size of the kernel follows
   * @param seed shape (2,): the seed of the run, and a count that no other step, view or replica of
   *     the run has
   */
  static Operand<TFloat32> build(
      Ops tf, Operand<TFloat32> images, int imageSize, Operand<TInt64> seed) {
    Choice choice = draw(tf, tf.slice(tf.shape(images), tf.array(0), tf.array(1)), seed);
    return apply(tf, images, kernelSize(imageSize), choice.sigma(), choice.selected());
  }

  /**
   * What is random about a blur.
   *
   * @param sigma scalar, uniform in [0.1, 2)
   * @param selected shape (n,): 1 where the image is blurred, 0 where it stays
   */
  record Choice(Operand<TFloat32> sigma, Operand<TFloat32> selected) {}

  /**
   * Draws sigma and selection.
   *
   * @param count shape (1,): how many images
   */
  static Choice draw(Ops tf, Operand<TInt32> count, Operand<TInt64> seed) {
    Operand<TInt64> salted = tf.bitwise.bitwiseXor(seed, tf.array(SALT, 0L));
    Operand<TInt32> draws = tf.math.add(count, tf.constant(1));
    Operand<TFloat32> uniform = tf.random.statelessRandomUniform(draws, salted);
    Operand<TFloat32> first = tf.gather(uniform, tf.constant(0), tf.constant(0));
    Operand<TFloat32> others = tf.slice(uniform, tf.array(1), count);
    return new Choice(
        tf.math.add(
            tf.constant(SMALLEST_SIGMA),
            tf.math.mul(first, tf.constant(LARGEST_SIGMA - SMALLEST_SIGMA))),
        tf.dtypes.cast(tf.math.less(others, tf.constant(BLURRED)), TFloat32.class));
  }

  /**
   * The arithmetic of {@link #build} with its choices given.
   *
   * @param kernelSize see {@link #kernel}
   * @param sigma scalar, in pixels
   * @param selected shape (n,): 1 where the image is blurred, 0 where it stays
   */
  public static Operand<TFloat32> apply(
      Ops tf,
      Operand<TFloat32> images,
      int kernelSize,
      Operand<TFloat32> sigma,
      Operand<TFloat32> selected) {
    Operand<TFloat32> blurred = gaussianBlur(tf, images, kernelSize, sigma);
    // The gradient of the loss is searched for through everything that is not behind a stop.
    Operand<TFloat32> share = tf.reshape(tf.stopGradient(selected), tf.array(-1, 1, 1, 1));
    Operand<TFloat32> mixed =
        tf.math.add(
            tf.math.mul(blurred, share), tf.math.mul(images, tf.math.sub(tf.constant(1f), share)));
    return tf.clipByValue(mixed, tf.constant(0f), tf.constant(1f));
  }

  /** The size of the kernel, before it is made odd, that the reference takes for an image size. */
  public static int kernelSize(int imageSize) {
    return imageSize / 10;
  }

  /**
   * Blurs all images, along the width and then along the height. Pixels beyond the edges count as
   * black.
   *
   * @param images shape (n, height, width, 3)
   */
  public static Operand<TFloat32> gaussianBlur(
      Ops tf, Operand<TFloat32> images, int kernelSize, Operand<TFloat32> sigma) {
    Operand<TFloat32> kernel = tf.stopGradient(kernel(tf, kernelSize, sigma));
    Operand<TFloat32> across = convolve(tf, images, kernel, tf.array(1, -1, 1, 1));
    return convolve(tf, across, kernel, tf.array(-1, 1, 1, 1));
  }

  /**
   * The weights of the blur, exp(-x² / (2 sigma²)) scaled to sum 1.
   *
   * @param kernelSize of any parity; 0 and 1 give the kernel that changes nothing
   * @param sigma scalar
   * @return shape (2 * (kernelSize / 2) + 1,)
   */
  public static Operand<TFloat32> kernel(Ops tf, int kernelSize, Operand<TFloat32> sigma) {
    checkArgument(kernelSize >= 0, "kernel size is %s, expected 0 or more", kernelSize);
    int radius = kernelSize / 2;
    double[] offsets = IntStream.rangeClosed(-radius, radius).asDoubleStream().toArray();
    Operand<TFloat32> x = tf.dtypes.cast(tf.array(offsets), TFloat32.class);
    Operand<TFloat32> spread = tf.math.mul(tf.constant(2f), tf.math.square(sigma));
    Operand<TFloat32> weights = tf.math.exp(tf.math.div(tf.math.neg(tf.math.square(x)), spread));
    return tf.math.div(weights, tf.reduceSum(weights, tf.constant(0)));
  }

  private static Operand<TFloat32> convolve(
      Ops tf, Operand<TFloat32> images, Operand<TFloat32> kernel, Operand<TInt32> shape) {
    Operand<TFloat32> filter = tf.tile(tf.reshape(kernel, shape), tf.array(1, 1, 3, 1));
    List<Long> strides = ImmutableList.of(1L, 1L, 1L, 1L);
    return tf.nn.depthwiseConv2dNative(images, filter, strides, "SAME");
  }
}
