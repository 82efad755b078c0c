package simclr.eval.features;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.MultiLabels;

/**
 * A file in NumPy's format, versions 1 to 3, mapped into memory: what is read of it is read when it
 * is asked for.
 *
 * <pre>
 *   file   = 0x93 "NUMPY" major minor length header data
 *   length = uint16 in version 1, uint32 after it; little endian
 *   header = "{'descr': '&lt;f4', 'fortran_order': False, 'shape': (rows, columns), }"
 * </pre>
 */
public final class NpyFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int LONGEST_HEADER = 1 << 16;

  /** A mapping is at most 2 GiB long. */
  private static final long LONGEST_SEGMENT = 1L << 30;

  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern FORTRAN = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");

  private final Path path;
  private final Type type;
  private final ImmutableLongArray shape;
  private final int perRow;
  private final int rowsPerSegment;
  private final ImmutableList<ByteBuffer> segments;

  private NpyFile(
      Path path,
      Type type,
      ImmutableLongArray shape,
      int perRow,
      int rowsPerSegment,
      ImmutableList<ByteBuffer> segments) {
    this.path = path;
    this.type = type;
    this.shape = shape;
    this.perRow = perRow;
    this.rowsPerSegment = rowsPerSegment;
    this.segments = segments;
  }

  /** The number formats that are read, under NumPy's names. */
  private enum Type {
    FLOAT16("<f2", 2, true),
    FLOAT32("<f4", 4, true),
    FLOAT64("<f8", 8, true),
    /** As ml_dtypes writes it; NumPy itself shows two bytes of nothing. */
    BFLOAT16("<V2", 2, true),
    BOOL("|b1", 1, false),
    UINT8("|u1", 1, false),
    INT32("<i4", 4, false),
    INT64("<i8", 8, false);

    private final String descr;
    private final int bytes;
    private final boolean real;

    Type(String descr, int bytes, boolean real) {
      this.descr = descr;
      this.bytes = bytes;
      this.real = real;
    }
  }

  /** What the header says and where the data begin. */
  private record Header(Type type, ImmutableLongArray shape, long dataOffset) {}

  /**
   * Opens a file and checks that it is whole.
   *
   * @param flag names the file in messages
   * @throws UserException NO_INPUT if it is not there, DATA if it is broken or of another type
   */
  public static NpyFile open(String flag, Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      Header header = header(path, channel);
      long rows = header.shape().get(0);
      long perRow = 1;
      for (int i = 1; i < header.shape().length(); i++) {
        perRow = Math.multiplyExact(perRow, header.shape().get(i));
      }
      long rowBytes = Math.multiplyExact(perRow, header.type().bytes);
      long expected = Math.addExact(header.dataOffset(), Math.multiplyExact(rows, rowBytes));
      if (channel.size() != expected) {
        throw broken(
            path, "has " + channel.size() + " bytes, expected " + expected + " by its shape");
      }
      if (rows == 0 || perRow == 0) {
        throw broken(path, "holds no number, expected at least one row");
      }
      if (rows > Integer.MAX_VALUE || rowBytes > LONGEST_SEGMENT) {
        throw broken(path, "has shape " + header.shape() + ", expected at most 2^31 rows of 1 GiB");
      }
      int rowsPerSegment = (int) Math.max(1, LONGEST_SEGMENT / rowBytes);
      ImmutableList.Builder<ByteBuffer> segments = ImmutableList.builder();
      for (long row = 0; row < rows; row += rowsPerSegment) {
        long count = Math.min(rowsPerSegment, rows - row);
        segments.add(
            channel
                .map(
                    FileChannel.MapMode.READ_ONLY,
                    header.dataOffset() + row * rowBytes,
                    count * rowBytes)
                .order(ByteOrder.LITTLE_ENDIAN));
      }
      return new NpyFile(
          path,
          header.type(),
          header.shape(),
          Math.toIntExact(perRow),
          rowsPerSegment,
          segments.build());
    } catch (NoSuchFileException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is %s, which is not there, expected a .npy file", flag, path);
    } catch (IOException e) {
      throw new UserException(
          Files.isDirectory(path) ? ExitCode.NO_INPUT : ExitCode.DATA,
          "%s is %s, which cannot be read (%s), expected a .npy file",
          flag,
          path,
          e);
    } catch (ArithmeticException e) {
      throw broken(path, "has a shape of more bytes than can be, expected a whole .npy file");
    }
  }

  public Path path() {
    return path;
  }

  public int rows() {
    return Math.toIntExact(shape.get(0));
  }

  /**
   * The file as a matrix of features: real numbers in two dimensions. Those of 64 bits are rounded
   * to 32.
   *
   * @throws UserException DATA if it holds something else
   */
  public FeatureMatrix features() {
    if (shape.length() != 2 || !type.real) {
      throw broken(
          path,
          "holds %s of shape %s, expected real numbers of shape (rows, features)"
              .formatted(type.descr, shape));
    }
    return new Features();
  }

  /**
   * The file as class indices: whole numbers in one dimension.
   *
   * @throws UserException DATA if it holds something else or one that is negative
   */
  public int[] labels() {
    if (shape.length() != 1 || type.real) {
      throw broken(
          path,
          "holds %s of shape %s, expected whole numbers (int32 or int64) of shape (rows,), or a matrix (examples, classes) of 0 and 1"
              .formatted(type.descr, shape));
    }
    int[] labels = new int[rows()];
    for (int i = 0; i < labels.length; i++) {
      long label = whole(i, 0);
      if (label < 0 || label > Integer.MAX_VALUE) {
        throw broken(path, "row " + i + " is " + label + ", expected a class index from 0 on");
      }
      labels[i] = (int) label;
    }
    return labels;
  }

  /**
   * The file as labels: class indices in one dimension, or a matrix (examples, classes) of 0 and 1
   * for examples that may have several.
   *
   * @throws UserException DATA if it holds something else
   */
  LabelledFeatures.Labels labelling() {
    return shape.length() == 2 && !type.real
        ? LabelledFeatures.Labels.of(multiLabels())
        : LabelledFeatures.Labels.of(labels());
  }

  private MultiLabels multiLabels() {
    boolean[][] classes = new boolean[rows()][perRow];
    for (int i = 0; i < classes.length; i++) {
      for (int c = 0; c < perRow; c++) {
        long value = whole(i, c);
        if (value != 0 && value != 1) {
          throw broken(
              path,
              String.format(Locale.ROOT, "row %d, column %d is %d, expected 0 or 1: whether the example is of the class", i, c, value));
        }
        classes[i][c] = value == 1;
      }
    }
    return MultiLabels.of(classes);
  }

  private long whole(int row, int column) {
    ByteBuffer segment = segments.get(row / rowsPerSegment);
    int index = (row % rowsPerSegment * perRow + column) * type.bytes;
    return switch (type) {
      case BOOL, UINT8 -> Byte.toUnsignedInt(segment.get(index));
      case INT32 -> segment.getInt(index);
      default -> segment.getLong(index);
    };
  }

  private final class Features implements FeatureMatrix {
    @Override
    public int rows() {
      return NpyFile.this.rows();
    }

    @Override
    public int columns() {
      return perRow;
    }

    @Override
    public void copyRow(int row, float[] into, int offset) {
      ByteBuffer segment = segments.get(row / rowsPerSegment);
      int start = row % rowsPerSegment * perRow * type.bytes;
      switch (type) {
        case FLOAT32 -> slice(segment, start).asFloatBuffer().get(into, offset, perRow);
        case FLOAT64 -> {
          for (int i = 0; i < perRow; i++) {
            into[offset + i] = (float) segment.getDouble(start + 8 * i);
          }
        }
        case BFLOAT16 -> {
          for (int i = 0; i < perRow; i++) {
            into[offset + i] = Float.intBitsToFloat(segment.getShort(start + 2 * i) << 16);
          }
        }
        default -> {
          for (int i = 0; i < perRow; i++) {
            into[offset + i] = fromHalf(segment.getShort(start + 2 * i));
          }
        }
      }
      // 0 times a number that is not finite is NaN: one sum tells of the whole row.
      float sum = 0;
      for (int i = offset; i < offset + perRow; i++) {
        sum += 0 * into[i];
      }
      if (sum != 0) {
        refuse(row, into, offset);
      }
    }

    private ByteBuffer slice(ByteBuffer segment, int start) {
      return segment.slice(start, perRow * type.bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void refuse(int row, float[] values, int offset) {
      int column = 0;
      while (Float.isFinite(values[offset + column])) {
        column++;
      }
      throw broken(
          path,
          String.format(Locale.ROOT, "row %d, column %d is %s, expected a finite number", row, column, values[offset + column]));
    }
  }

  /** IEEE 754 binary16. */
  static float fromHalf(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int wide = exponent == 31 ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }

  private static Header header(Path path, FileChannel channel) throws IOException {
    ByteBuffer start = read(channel, 0, 12);
    for (int i = 0; i < MAGIC.length; i++) {
      if (start.limit() < 10 || start.get(i) != MAGIC[i]) {
        throw broken(path, "does not begin as a .npy file, expected NumPy's format");
      }
    }
    int major = start.get(6);
    if (major < 1 || major > 3 || start.limit() < 12) {
      throw broken(path, "is of version " + major + " of NumPy's format, expected 1, 2 or 3");
    }
    int prefix = major == 1 ? 10 : 12;
    long length = major == 1 ? Short.toUnsignedInt(start.getShort(8)) : start.getInt(8);
    if (length <= 0 || length > LONGEST_HEADER) {
      throw broken(path, "has a header of " + length + " bytes, expected 1 to " + LONGEST_HEADER);
    }
    ByteBuffer text = read(channel, prefix, (int) length);
    if (text.limit() < length) {
      throw broken(path, "ends within its header, expected a whole .npy file");
    }
    String fields = StandardCharsets.UTF_8.decode(text).toString();
    Optional<String> descr = find(DESCR, fields);
    Optional<String> fortran = find(FORTRAN, fields);
    Optional<String> shape = find(SHAPE, fields);
    if (descr.isEmpty() || fortran.isEmpty() || shape.isEmpty()) {
      throw broken(path, "has a header without descr, fortran_order and shape: " + fields.strip());
    }
    if (fortran.get().equals("True")) {
      throw broken(
          path, "is stored by columns (fortran_order), expected rows: numpy.ascontiguousarray");
    }
    return new Header(type(path, descr.get()), shape(path, shape.get()), prefix + length);
  }

  private static Type type(Path path, String descr) {
    for (Type type : Type.values()) {
      if (type.descr.equals(descr) || (type == Type.BFLOAT16 && descr.equals("|V2"))) {
        return type;
      }
    }
    throw broken(
        path,
        "holds numbers of type "
            + descr
            + ", expected float16, float32, float64, bfloat16, bool, uint8, int32 or int64, little"
            + " endian");
  }

  private static ImmutableLongArray shape(Path path, String text) {
    ImmutableLongArray.Builder shape = ImmutableLongArray.builder();
    try {
      for (String part : Splitter.on(',').trimResults().omitEmptyStrings().split(text)) {
        long size = Long.parseLong(part);
        if (size < 0) {
          throw broken(path, "has shape (" + text + "), expected sizes from 0 on");
        }
        shape.add(size);
      }
    } catch (NumberFormatException e) {
      throw broken(path, "has shape (" + text + "), expected whole numbers");
    }
    ImmutableLongArray found = shape.build();
    if (found.isEmpty()) {
      throw broken(path, "holds a single number, expected rows");
    }
    return found;
  }

  private static Optional<String> find(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) >= 0) {}
    return bytes.flip();
  }

  private static UserException broken(Path path, String why) {
    return new UserException(ExitCode.DATA, "%s %s", path, why);
  }
}
