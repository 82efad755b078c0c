package simclr.data;

import com.google.common.base.Splitter;
import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Examples by index, as a graph reads them: tensors that its functions capture, and the ops that
 * make an image and a label of them.
 */
interface ExampleStore extends AutoCloseable {

  /** The store for a split's records. */
  static ExampleStore of(Split split) {
    Records records = split.records();
    if (records instanceof Records.InMemory memory) {
      return ImageStore.of(split, memory);
    } else if (records instanceof Records.ImageFiles files) {
      return ImageStore.of(files);
    }
    return RecordStore.of(split, (Records.Shards) records);
  }

  /**
   * One example.
   *
   * @param image shape (height, width, 3)
   * @param label scalar, -1 without labels
   */
  record Decoded(Operand<TUint8> image, Operand<TInt64> label) {}

  /** What {@link #read} captures. They belong to the store. */
  ImmutableList<TType> tensors();

  /**
   * Adds reading and decoding of one example.
   *
   * @param index scalar
   * @param tensors arguments that stand for {@link #tensors}, from {@code first} on
   */
  Decoded read(Ops tf, Operand<TInt64> index, Dataset.Arguments tensors, int first);

  /**
   * What to tell the user about an example that {@link #read} failed at.
   *
   * @param failure as TensorFlow threw it
   */
  UserException broken(long index, RuntimeException failure);

  @Override
  void close();

  /** The error of an image whose bytes TensorFlow refused. */
  static UserException undecodable(String what, RuntimeException refusal) {
    String message = Strings.nullToEmpty(refusal.getMessage()).strip();
    // What follows in the message names nodes of the graph.
    String reason = Splitter.onPattern("\n|\\[\\[").splitToList(message).get(0).strip();
    return new UserException(
        ExitCode.DATA,
        "%s cannot be decoded (%s), expected a PNG, JPEG, GIF or BMP image",
        what,
        reason);
  }
}
