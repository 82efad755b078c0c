package simclr.data.augment;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** How an image is brought to the model where nothing is random: evaluation, export, embedding. */
public final class EvaluationPreprocessing {
  /** Up to this size images are taken whole, beyond it their centre is. */
  public static final int LARGEST_UNCROPPED = 32;

  private static final double CENTRE = 0.875;

  private EvaluationPreprocessing() {}

  /** Whether the reference crops the centre at this image size. */
  public static boolean crops(int imageSize) {
    return imageSize > LARGEST_UNCROPPED;
  }

  /**
   * Crops and resizes as the reference does for {@code imageSize}.
   *
   * <p>Up to 32 pixels the reference does neither and fails at images of another size; here those
   * are resized, and images of the size itself come out unchanged.
   *
   * @param image shape (height, width, 3), values in [0, 1]
   * @return shape (imageSize, imageSize, 3), values in [0, 1]
   */
  public static Operand<TFloat32> apply(Ops tf, Operand<TFloat32> image, int imageSize) {
    return apply(tf, image, imageSize, imageSize, crops(imageSize));
  }

  /**
   * The same for any output.
   *
   * @param crop whether to take the centre only, 87.5 percent of it along the side that loses less
   */
  public static Operand<TFloat32> apply(
      Ops tf, Operand<TFloat32> image, int outHeight, int outWidth, boolean crop) {
    checkArgument(outHeight > 0 && outWidth > 0, "output is %s x %s", outHeight, outWidth);
    Operand<TFloat32> resized =
        crop
            ? centreCrop(tf, image, outHeight, outWidth, CENTRE)
            : Crop.resize(tf, image, outHeight, outWidth);
    return ColorJitter.clip(tf, tf.ensureShape(resized, Shape.of(outHeight, outWidth, 3)));
  }

  /** Cuts out {@link Crop#centralBox} and resizes it, without clipping. */
  public static Operand<TFloat32> centreCrop(
      Ops tf, Operand<TFloat32> image, int outHeight, int outWidth, double proportion) {
    Operand<TInt32> box = Crop.centralBox(tf, tf.shape(image), outHeight, outWidth, proportion);
    return Crop.cropAndResize(tf, image, box, outHeight, outWidth);
  }
}
