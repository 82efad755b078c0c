package simclr.data.records;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;

/**
 * Examples by index, as a graph reads them: tensors that its functions capture, and the ops that
 * make an image and a label of them.
 */
public interface ExampleReader extends AutoCloseable {

  /**
   * One example.
   *
   * @param image shape (height, width, 3)
   * @param label scalar, -1 without labels
   */
  record Decoded(Operand<TUint8> image, Operand<TInt64> label) {}

  /** What {@link #read} captures. They belong to the reader. */
  ImmutableList<TType> tensors();

  /**
   * Adds reading and decoding of one example.
   *
   * @param index scalar
   * @param captured what stands for {@link #tensors} in the graph or function, one by one
   */
  Decoded read(Ops tf, Operand<TInt64> index, List<Operand<?>> captured);

  /** What the user knows an example by; messages about it begin with this. */
  String name(long index);

  /**
   * What to tell the user about an example that {@link #read} failed at.
   *
   * @param failure as TensorFlow threw it
   */
  UserException broken(long index, RuntimeException failure);

  @Override
  void close();
}
