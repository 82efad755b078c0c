package simclr.parity;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * The numbers of one tensor, copied out of TensorFlow; row-major. Statistics are summed in float64.
 */
final class Values {
  private final Shape shape;
  private final boolean floating;
  private final IntToDoubleFunction numbers;

  private Values(Shape shape, boolean floating, int size, IntToDoubleFunction numbers) {
    checkArgument(shape.size() == size, "%s numbers do not fill shape %s", size, shape);
    this.shape = shape;
    this.floating = floating;
    this.numbers = numbers;
  }

  static Values scalar(double number) {
    return new Values(Shape.scalar(), true, 1, i -> number);
  }

  static Values integer(long number) {
    return new Values(Shape.scalar(), false, 1, i -> number);
  }

  static Values integers(Shape shape, long... numbers) {
    return new Values(shape, false, numbers.length, i -> numbers[i]);
  }

  static Values floats(Shape shape, float... numbers) {
    return new Values(shape, true, numbers.length, i -> numbers[i]);
  }

  /** Copies a tensor, which stays the caller's to close. */
  static Values of(Tensor tensor) {
    Shape shape = tensor.shape();
    int size = Math.toIntExact(shape.size());
    if (tensor instanceof TFloat32 floats) {
      float[] numbers = new float[size];
      floats.copyTo(DataBuffers.of(numbers, false, false));
      return floats(shape, numbers);
    } else if (tensor instanceof TInt64 longs) {
      long[] numbers = new long[size];
      longs.copyTo(DataBuffers.of(numbers, false, false));
      return integers(shape, numbers);
    } else if (tensor instanceof TInt32 ints) {
      int[] numbers = new int[size];
      ints.copyTo(DataBuffers.of(numbers, false, false));
      return integers(shape, Arrays.stream(numbers).asLongStream().toArray());
    } else if (tensor instanceof TBool booleans) {
      boolean[] bits = new boolean[size];
      booleans.copyTo(DataBuffers.of(bits, false, false));
      return integers(shape, IntStream.range(0, size).mapToLong(i -> bits[i] ? 1 : 0).toArray());
    }
    throw new IllegalArgumentException("cannot read tensors of " + tensor.dataType());
  }

  Shape shape() {
    return shape;
  }

  /** Whether these are floating-point numbers; integers and booleans are compared exactly. */
  boolean floating() {
    return floating;
  }

  int size() {
    return Math.toIntExact(shape.size());
  }

  double at(long position) {
    return numbers.applyAsDouble(Math.toIntExact(position));
  }

  DoubleStream stream() {
    return IntStream.range(0, size()).mapToDouble(numbers);
  }

  double sum() {
    return sum(x -> x);
  }

  double mean() {
    return sum() / size();
  }

  double meanOfAbsolutes() {
    return sum(Math::abs) / size();
  }

  /** Root of the sum of squares. */
  double l2() {
    return Math.sqrt(sum(x -> x * x));
  }

  /** Whether every number is the same, NaN included. */
  boolean sameAs(Values other) {
    return shape.equals(other.shape)
        && IntStream.range(0, size()).allMatch(i -> Double.compare(at(i), other.at(i)) == 0);
  }

  private double sum(DoubleUnaryOperator of) {
    double sum = 0;
    for (int i = 0; i < size(); i++) {
      sum += of.applyAsDouble(numbers.applyAsDouble(i));
    }
    return sum;
  }
}
