package simclr.data.augment;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Changes of colour (SimCLR appendix A): the arithmetic, and the ranges that factors come from.
 *
 * <p>Images have shape (height, width, 3). No op but {@link #inOrder} clips: the results may leave
 * [0, 1].
 */
public final class ColorJitter {
  /** The distortions under the numbers by which an order names them, and one that does nothing. */
  private static final List<ImageOp> NUMBERED =
      ImmutableList.of(
          clipped(ColorJitter::brightness),
          clipped(ColorJitter::contrast),
          clipped(ColorJitter::saturation),
          clipped(ColorJitter::hue),
          ImageOp.NONE);

  /** How many distortions there are, and so factors and places of an order. */
  static final int COUNT = 4;

  private ColorJitter() {}

  /**
   * The half-open ranges of the four factors, in the order (brightness, contrast, saturation, hue).
   *
   * @param low inclusive
   * @param high exclusive
   */
  public record Ranges(List<Float> low, List<Float> high) {
    public Ranges {
      low = ImmutableList.copyOf(low);
      high = ImmutableList.copyOf(high);
    }

    /**
     * The ranges of a strength s: 1 ± 0.8 s, for hue ± 0.2 s.
     *
     * @param strength in [0, 1.25], where the lower end of contrast and saturation reaches 0
     */
    public static Ranges of(float strength) {
      checkArgument(
          strength >= 0 && strength <= 1.25f,
          "color_jitter_strength is %s, expected a value in [0, 1.25]",
          strength);
      float tone = 0.8f * strength;
      float hue = 0.2f * strength;
      return new Ranges(
          ImmutableList.of(Math.max(1 - tone, 0), 1 - tone, 1 - tone, -hue),
          ImmutableList.of(1 + tone, 1 + tone, 1 + tone, hue));
    }
  }

  /** Multiplies all channels by {@code factor}, as SimCLRv2 changes brightness. */
  public static Operand<TFloat32> brightness(
      Ops tf, Operand<TFloat32> image, Operand<TFloat32> factor) {
    return tf.math.mul(image, factor);
  }

  /** Adds {@code delta} to all channels, as SimCLRv1 changed brightness. No flag reaches it. */
  public static Operand<TFloat32> addBrightness(
      Ops tf, Operand<TFloat32> image, Operand<TFloat32> delta) {
    return tf.math.add(image, delta);
  }

  /** Scales each channel's distance to its mean over the image. */
  public static Operand<TFloat32> contrast(
      Ops tf, Operand<TFloat32> image, Operand<TFloat32> factor) {
    return tf.image.adjustContrast(image, factor);
  }

  /** Scales the saturation of HSV, which stays in [0, 1]. */
  public static Operand<TFloat32> saturation(
      Ops tf, Operand<TFloat32> image, Operand<TFloat32> factor) {
    return tf.image.adjustSaturation(image, factor);
  }

  /**
   * Turns the hue of HSV.
   *
   * @param delta in turns, so 1 is the whole circle
   */
  public static Operand<TFloat32> hue(Ops tf, Operand<TFloat32> image, Operand<TFloat32> delta) {
    return tf.image.adjustHue(image, delta);
  }

  /** The luminance, in all three channels. */
  public static Operand<TFloat32> grayscale(Ops tf, Operand<TFloat32> image) {
    Operand<TFloat32> weights = tf.array(0.2989f, 0.587f, 0.114f);
    Operand<TFloat32> luminance =
        tf.reduceSum(tf.math.mul(image, weights), tf.constant(-1), ReduceSum.keepDims(true));
    return tf.tile(luminance, tf.array(1, 1, 3));
  }

  /** Clips to [0, 1]. */
  public static Operand<TFloat32> clip(Ops tf, Operand<TFloat32> image) {
    return tf.clipByValue(image, tf.constant(0f), tf.constant(1f));
  }

  /**
   * Applies the four distortions one after the other, and clips to [0, 1] after each.
   *
   * @param factors shape (4,): brightness, contrast, saturation, hue
   * @param order shape (4,): a permutation of 0 (brightness), 1 (contrast), 2 (saturation), 3 (hue)
   */
  public static Operand<TFloat32> inOrder(
      Ops tf, Operand<TFloat32> image, Operand<TFloat32> factors, Operand<TInt32> order) {
    return inOrder(tf, image, tf.constant(true), factors, order);
  }

  /** The same where {@code applied} is true; elsewhere the image comes back untouched. */
  static Operand<TFloat32> inOrder(
      Ops tf,
      Operand<TFloat32> image,
      Operand<TBool> applied,
      Operand<TFloat32> factors,
      Operand<TInt32> order) {
    Operand<TFloat32> x = image;
    for (int place = 0; place < COUNT; place++) {
      Operand<TInt32> number = tf.gather(order, tf.constant(place), tf.constant(0));
      Operand<TFloat32> factor = tf.gather(factors, number, tf.constant(0));
      Operand<TInt32> which = tf.select(applied, number, tf.constant(COUNT));
      x = ImageOp.switchCase(tf, which, x, factor, NUMBERED);
    }
    return x;
  }

  private static ImageOp clipped(ImageOp op) {
    return (tf, image, factor) -> clip(tf, op.apply(tf, image, factor));
  }
}
