package simclr.tools.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.pipeline.Batch;

/**
 * A batch of two views that stays in variables: the step reads it like any other, and as no
 * constant it lets the runtime fold nothing of the step away.
 *
 * @param batch what the step takes
 * @param images fed once, shape (n, s, s, 6)
 * @param labels fed once, shape (n)
 * @param store the op that stores what is fed
 */
record StoredBatch(Batch batch, Operand<TFloat32> images, Operand<TInt64> labels, Op store) {
  private static final int CHANNELS = 6;

  /** Adds the variables. */
  static StoredBatch build(Ops tf, RunConfig config) {
    long n = config.trainBatchSize();
    long side = config.imageSize();
    Shape imagesShape = Shape.of(n, side, side, CHANNELS);
    Shape labelsShape = Shape.of(n);
    Operand<TFloat32> images = tf.placeholder(TFloat32.class, Placeholder.shape(imagesShape));
    Operand<TInt64> labels = tf.placeholder(TInt64.class, Placeholder.shape(labelsShape));
    Operand<? extends TType> imagesHandle =
        tf.varHandleOp(TFloat32.class, imagesShape, VarHandleOp.sharedName("stored_images"));
    Operand<? extends TType> labelsHandle =
        tf.varHandleOp(TInt64.class, labelsShape, VarHandleOp.sharedName("stored_labels"));
    Op store =
        tf.withControlDependencies(
                tf.assignVariableOp(imagesHandle, images),
                tf.assignVariableOp(labelsHandle, labels))
            .noOp();
    Batch batch =
        new Batch(
            tf.readVariableOp(imagesHandle, TFloat32.class),
            tf.readVariableOp(labelsHandle, TInt64.class));
    return new StoredBatch(batch, images, labels, store);
  }

  /**
   * Stores a file's content: the images as little-endian float32, then the labels as int64.
   *
   * @throws UserException DATA if the file is of another length
   */
  void fill(Session session, Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] pixels = new float[Math.toIntExact(images.shape().size())];
    long[] classes = new long[Math.toIntExact(labels.shape().size())];
    long expected = (long) pixels.length * Float.BYTES + (long) classes.length * Long.BYTES;
    if (bytes.remaining() != expected) {
      throw new UserException(
          ExitCode.DATA, "%s has %s bytes, expected %s", file, bytes.remaining(), expected);
    }
    bytes.asFloatBuffer().get(pixels);
    bytes.position(pixels.length * Float.BYTES);
    bytes.asLongBuffer().get(classes);
    try (TFloat32 pixelTensor = TFloat32.tensorOf(images.shape(), DataBuffers.of(pixels));
        TInt64 classTensor = TInt64.tensorOf(labels.shape(), DataBuffers.of(classes))) {
      session
          .runner()
          .feed(images, pixelTensor)
          .feed(labels, classTensor)
          .addTarget(store)
          .run()
          .close();
    }
  }
}
