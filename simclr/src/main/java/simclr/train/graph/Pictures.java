package simclr.train.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** Images as files. */
final class Pictures {
  /** TensorFlow's scale from [0, 1] to bytes, which gives each byte an equal share. */
  private static final float TO_BYTES = 255.5f;

  private Pictures() {}

  /**
   * A PNG file.
   *
   * @param image shape (height, width, 3), values in [0, 1]
   */
  static Operand<TString> png(Ops tf, Operand<TFloat32> image) {
    Operand<TFloat32> scaled =
        tf.clipByValue(
            tf.math.mul(image, tf.constant(TO_BYTES)), tf.constant(0f), tf.constant(255f));
    return tf.image.encodePng(tf.dtypes.cast(scaled, TUint8.class));
  }
}
