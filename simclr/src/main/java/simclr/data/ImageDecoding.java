package simclr.data;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** From stored bytes to the values that the model sees. */
public final class ImageDecoding {
  private ImageDecoding() {}

  /**
   * Maps bytes to [0, 1]: by a multiplication with float32(1/255), not a division, as the reference
   * does; the last bits differ.
   */
  public static Operand<TFloat32> toFloat(Ops tf, Operand<TUint8> bytes) {
    return tf.math.mul(tf.dtypes.cast(bytes, TFloat32.class), tf.constant(1f / 255));
  }
}
