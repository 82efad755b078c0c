package simclr.data.augment;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Floats;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * The random view t ~ T of an image (SimCLR section 3 and appendix A): crop and resize, flip,
 * colour jitter, loss of colour. The blur acts on whole batches and is part of the model.
 *
 * <p>Randomness and arithmetic are apart: {@link #draw} turns a key into the numbers of a {@link
 * View}, {@link #apply} is a pure function of image and numbers. So the arithmetic is tested
 * against the reference number by number, and a view is the same whenever its key is the same.
 */
public final class Augmentation {
  private static final float FLIPPED = 0.5f;
  private static final float JITTERED = 0.8f;
  private static final float GRAY = 0.2f;

  /** Places in the vector of uniform numbers that a view is made of. */
  private static final int FLIP = 0;

  private static final int JITTER = 1;
  private static final int GRAYSCALE = 2;
  private static final int FACTORS = 3;
  private static final int ORDER = FACTORS + ColorJitter.COUNT;
  private static final int UNIFORMS = ORDER + ColorJitter.COUNT;

  private final int imageSize;
  private final ColorJitter.Ranges ranges;
  private final boolean colours;

  /**
   * The views that the flags ask for.
   *
   * @param imageSize side of a view in pixels
   * @param jitterStrength s of appendix A in [0, 1.25]; 0 leaves colours alone, as fine-tuning does
   */
  public Augmentation(int imageSize, float jitterStrength) {
    checkArgument(imageSize > 0, "image_size is %s, expected a value above 0", imageSize);
    this.imageSize = imageSize;
    this.ranges = ColorJitter.Ranges.of(jitterStrength);
    this.colours = jitterStrength > 0;
  }

  /**
   * The numbers of one view; scalars unless said otherwise.
   *
   * @param box (top, left, height, width) of the crop in pixels
   * @param flip whether left and right change places
   * @param jitter whether the four distortions of colour are applied
   * @param factors (brightness, contrast, saturation, hue), see {@link ColorJitter}
   * @param order shape (4,): the permutation in which they are applied
   * @param gray whether colour is dropped, whatever {@code jitter} says
   */
  public record View(
      Operand<TInt32> box,
      Operand<TBool> flip,
      Operand<TBool> jitter,
      Operand<TFloat32> factors,
      Operand<TInt32> order,
      Operand<TBool> gray) {}

  /**
   * Draws a view. All numbers of a view are independent, and views of different keys are.
   *
   * @param key shape (2,): the seed of the run, and a count that no other view of the run has, in
   *     [0, 2^62)
   * @param imageShape shape (3,): height, width, channels of the decoded image
   */
  public View draw(Ops tf, Operand<TInt64> key, Operand<TInt32> imageShape) {
    // The box op and the uniform op turn equal seeds into equal random bits, so each needs its own.
    Operand<TInt64> even = tf.math.mul(key, tf.array(1L, 2L));
    Operand<TInt64> odd = tf.math.add(even, tf.array(0L, 1L));
    Operand<TFloat32> uniform = tf.random.statelessRandomUniform(tf.array(UNIFORMS), odd);
    return new View(
        Crop.randomBox(tf, even, imageShape, 1f),
        below(tf, uniform, FLIP, FLIPPED),
        below(tf, uniform, JITTER, JITTERED),
        factors(tf, four(tf, uniform, FACTORS)),
        order(tf, four(tf, uniform, ORDER)),
        below(tf, uniform, GRAYSCALE, GRAY));
  }

  /**
   * Makes the view.
   *
   * @param image shape (height, width, 3), values in [0, 1]
   * @return shape (imageSize, imageSize, 3), values in [0, 1]
   */
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> image, View view) {
    Operand<TFloat32> x = Crop.cropAndResize(tf, image, view.box(), imageSize, imageSize);
    x = tf.ensureShape(x, Shape.of(imageSize, imageSize, 3));
    x = when(tf, view.flip(), x, Augmentation::flip);
    if (colours) {
      x = distortColours(tf, x, view);
    }
    return ColorJitter.clip(tf, x);
  }

  /** Colour jitter and loss of colour, as a view has drawn them. */
  static Operand<TFloat32> distortColours(Ops tf, Operand<TFloat32> image, View view) {
    Operand<TFloat32> x =
        ColorJitter.inOrder(tf, image, view.jitter(), view.factors(), view.order());
    return when(tf, view.gray(), x, ColorJitter::grayscale);
  }

  /** Exchanges left and right. */
  public static Operand<TFloat32> flip(Ops tf, Operand<TFloat32> image) {
    return tf.reverse(image, tf.array(1));
  }

  private static Operand<TFloat32> when(
      Ops tf,
      Operand<TBool> condition,
      Operand<TFloat32> image,
      BiFunction<Ops, Operand<TFloat32>, Operand<TFloat32>> change) {
    ImageOp changed = (ops, x, unused) -> change.apply(ops, x);
    return ImageOp.switchCase(
        tf,
        tf.dtypes.cast(condition, TInt32.class),
        image,
        tf.constant(0f),
        ImmutableList.of(ImageOp.NONE, changed));
  }

  private static Operand<TBool> below(
      Ops tf, Operand<TFloat32> uniform, int place, float probability) {
    return tf.math.less(
        tf.gather(uniform, tf.constant(place), tf.constant(0)), tf.constant(probability));
  }

  private Operand<TFloat32> factors(Ops tf, Operand<TFloat32> uniform) {
    Operand<TFloat32> low = tf.array(Floats.toArray(ranges.low()));
    Operand<TFloat32> high = tf.array(Floats.toArray(ranges.high()));
    return tf.math.add(low, tf.math.mul(uniform, tf.math.sub(high, low)));
  }

  /** The places of four independent numbers by size: every permutation is equally likely. */
  private static Operand<TInt32> order(Ops tf, Operand<TFloat32> uniform) {
    return tf.nn.topK(uniform, tf.constant(ColorJitter.COUNT), TInt32.class).indices();
  }

  private static Operand<TFloat32> four(Ops tf, Operand<TFloat32> uniform, int place) {
    return tf.slice(uniform, tf.array(place), tf.array(ColorJitter.COUNT));
  }
}
