package simclr.export.bundle;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A batch of values on the Java heap, free of native memory. Rows are counted by the first
 * dimension. The arrays are shared, not copied: nobody changes them.
 */
public sealed interface HostTensor {

  Shape shape();

  /** Rows {@code from} to {@code to}, exclusive. */
  HostTensor rows(int from, int to);

  /** The number of rows. */
  default int rows() {
    return Math.toIntExact(shape().get(0));
  }

  /** Values of one row. */
  default int perRow() {
    return Math.toIntExact(shape().tail().size());
  }

  /** float32. */
  final class Floats implements HostTensor {
    private final Shape shape;
    private final float[] values;
    private final int offset;

    /**
     * @param values at least as many as the shape has
     */
    public Floats(Shape shape, float[] values) {
      this(shape, values, 0);
    }

    private Floats(Shape shape, float[] values, int offset) {
      checkArgument(offset + shape.size() <= values.length, "%s of %s", shape, values.length);
      this.shape = shape;
      this.values = values;
      this.offset = offset;
    }

    @Override
    public Shape shape() {
      return shape;
    }

    @Override
    public Floats rows(int from, int to) {
      return new Floats(Shape.of(to - from).append(shape.tail()), values, offset + from * perRow());
    }

    /** The value at a place of the row-major order. */
    public float at(int index) {
      return values[offset + index];
    }

    /** A copy of a row. */
    public float[] row(int row) {
      int start = offset + row * perRow();
      return java.util.Arrays.copyOfRange(values, start, start + perRow());
    }

    /** The values, if the tensor has an array for itself; else a copy of them. */
    public float[] values() {
      int size = Math.toIntExact(shape.size());
      return offset == 0 && size == values.length
          ? values
          : java.util.Arrays.copyOfRange(values, offset, offset + size);
    }
  }

  /** Strings of bytes. */
  final class Strings implements HostTensor {
    private final Shape shape;
    private final ImmutableList<byte[]> values;

    public Strings(Shape shape, List<byte[]> values) {
      checkArgument(shape.size() == values.size(), "%s of %s", shape, values.size());
      this.shape = shape;
      this.values = ImmutableList.copyOf(values);
    }

    /** One string a row. */
    public static Strings vector(List<byte[]> values) {
      return new Strings(Shape.of(values.size()), values);
    }

    @Override
    public Shape shape() {
      return shape;
    }

    @Override
    public Strings rows(int from, int to) {
      return new Strings(
          Shape.of(to - from).append(shape.tail()), values.subList(from * perRow(), to * perRow()));
    }

    /** The string at a place of the row-major order. */
    public byte[] at(int index) {
      return values.get(index);
    }

    public ImmutableList<byte[]> values() {
      return values;
    }
  }

  /**
   * One native tensor of the rows of all parts; the caller closes it.
   *
   * @param parts of one type, which agree in all dimensions but the first
   */
  static TType tensor(List<? extends HostTensor> parts) {
    HostTensor first = parts.get(0);
    long rows = parts.stream().mapToLong(HostTensor::rows).sum();
    Shape shape = Shape.of(rows).append(first.shape().tail());
    if (first instanceof Strings) {
      byte[][] all =
          parts.stream().flatMap(part -> ((Strings) part).values.stream()).toArray(byte[][]::new);
      return TString.tensorOfBytes(shape, DataBuffers.of(all, true, false));
    }
    return TFloat32.tensorOf(
        shape,
        tensor -> {
          FloatDataBuffer buffer = tensor.asRawTensor().data().asFloats();
          for (HostTensor part : parts) {
            Floats floats = (Floats) part;
            int size = Math.toIntExact(floats.shape.size());
            buffer.write(floats.values, floats.offset, size);
            buffer = buffer.offset(size);
          }
        });
  }

  /** A copy of a native tensor. */
  static HostTensor of(Tensor tensor) {
    if (tensor instanceof TFloat32 floats) {
      float[] values = new float[Math.toIntExact(floats.shape().size())];
      floats.asRawTensor().data().asFloats().read(values);
      return new Floats(floats.shape(), values);
    } else if (tensor instanceof TString strings) {
      ImmutableList.Builder<byte[]> values = ImmutableList.builder();
      strings.asBytes().scalars().forEach(scalar -> values.add(scalar.getObject()));
      return new Strings(strings.shape(), values.build());
    }
    throw new UserException(
        ExitCode.DATA, "an output has the type %s, expected float32 or strings", tensor.dataType());
  }
}
