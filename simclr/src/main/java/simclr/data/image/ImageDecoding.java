package simclr.data.image;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** From stored bytes to the values that the model sees. */
public final class ImageDecoding {
  private static final Shape ANY_IMAGE = Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, 3);

  private ImageDecoding() {}

  /**
   * Decodes an image.
   *
   * @param bytes scalar
   * @return shape (height, width, 3)
   */
  public static Operand<TUint8> decode(Ops tf, Operand<TString> bytes, Encoding encoding) {
    if (encoding instanceof Encoding.Raw raw) {
      return decodeRaw(tf, bytes, raw);
    }
    // The first picture of a moving GIF; else its rank would be 4.
    Operand<TUint8> image =
        tf.image.decodeImage(
            bytes, TUint8.class, DecodeImage.channels(3L), DecodeImage.expandAnimations(false));
    return tf.ensureShape(image, ANY_IMAGE);
  }

  /**
   * Maps bytes to [0, 1]: by a multiplication with float32(1/255), not a division, as the reference
   * does; the last bits differ.
   */
  public static Operand<TFloat32> toFloat(Ops tf, Operand<TUint8> bytes) {
    return tf.math.mul(tf.dtypes.cast(bytes, TFloat32.class), tf.constant(1f / 255));
  }

  private static Operand<TUint8> decodeRaw(Ops tf, Operand<TString> bytes, Encoding.Raw raw) {
    Operand<TUint8> values = tf.io.decodeRaw(bytes, TUint8.class);
    if (!raw.planar()) {
      return tf.reshape(values, tf.array(raw.height(), raw.width(), 3));
    }
    Operand<TUint8> planes = tf.reshape(values, tf.array(3, raw.height(), raw.width()));
    return tf.linalg.transpose(planes, tf.array(1, 2, 0));
  }
}
