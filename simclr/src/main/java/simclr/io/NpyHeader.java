package simclr.io;

import static java.util.stream.Collectors.joining;

import com.google.common.base.Splitter;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * What stands before the data of a file in NumPy's format, read in versions 1 to 3 and written in
 * version 1.
 *
 * <pre>
 *   file   = 0x93 "NUMPY" major minor length header data
 *   length = uint16 in version 1, uint32 after it; little endian
 *   header = "{'descr': '&lt;f4', 'fortran_order': False, 'shape': (rows, columns), }" spaces "\n"
 * </pre>
 *
 * <p>What is written ends at a multiple of 64 bytes, so that the data can be mapped.
 *
 * @param shape of at least one dimension
 */
record NpyHeader(NpyDtype dtype, ImmutableLongArray shape) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int LONGEST = 1 << 16;
  private static final int ALIGNMENT = 64;
  private static final int PREFIX_BYTES = 10;

  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern FORTRAN = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");

  static NpyHeader of(NpyDtype dtype, long... shape) {
    return new NpyHeader(dtype, ImmutableLongArray.copyOf(shape));
  }

  /** A header in a file, and where the data begin. */
  record Located(NpyHeader header, long dataOffset) {}

  /** The bytes before the data. */
  byte[] toBytes() {
    String fields =
        String.format(
            Locale.ROOT,
            "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
            dtype.descr(),
            shapeText());
    int length = PREFIX_BYTES + fields.length() + 1;
    int padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    String header = fields + " ".repeat(padded - length) + "\n";
    return ByteBuffer.allocate(padded)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .put((byte) 1)
        .put((byte) 0)
        .putShort((short) header.length())
        .put(header.getBytes(StandardCharsets.US_ASCII))
        .array();
  }

  /** As Python writes a tuple. */
  private String shapeText() {
    String sizes = shape.stream().mapToObj(Long::toString).collect(joining(", "));
    return shape.length() == 1 ? "(" + sizes + ",)" : "(" + sizes + ")";
  }

  /**
   * Reads the header of a file.
   *
   * @throws UserException DATA if it is truncated, malformed, or of a type that is not read
   */
  static Located read(Path path, FileChannel channel) throws IOException {
    ByteBuffer start = read(channel, 0, PREFIX_BYTES + 2);
    for (int i = 0; i < MAGIC.length; i++) {
      if (start.limit() < PREFIX_BYTES || start.get(i) != MAGIC[i]) {
        throw broken(path, "does not begin as a .npy file, expected NumPy's format");
      }
    }
    int major = start.get(MAGIC.length);
    if (major < 1 || major > 3 || start.limit() < PREFIX_BYTES + 2) {
      throw broken(path, "is of version " + major + " of NumPy's format, expected 1, 2 or 3");
    }
    int prefix = major == 1 ? PREFIX_BYTES : PREFIX_BYTES + 2;
    long length = major == 1 ? Short.toUnsignedInt(start.getShort(8)) : start.getInt(8);
    if (length <= 0 || length > LONGEST) {
      throw broken(path, "has a header of " + length + " bytes, expected 1 to " + LONGEST);
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
      throw broken(
          path,
          "has a header without descr, fortran_order and shape: " + Quoted.of(fields.strip()));
    }
    if (fortran.get().equals("True")) {
      throw broken(
          path, "is stored by columns (fortran_order), expected rows: numpy.ascontiguousarray");
    }
    return new Located(
        new NpyHeader(dtype(path, descr.get()), shape(path, shape.get())), prefix + length);
  }

  private static NpyDtype dtype(Path path, String descr) {
    return NpyDtype.of(descr)
        .orElseThrow(
            () ->
                broken(
                    path,
                    "holds numbers of type "
                        + Quoted.of(descr)
                        + ", expected float16, float32, float64, bfloat16, bool, uint8, int32 or"
                        + " int64, little endian"));
  }

  private static ImmutableLongArray shape(Path path, String text) {
    ImmutableLongArray.Builder shape = ImmutableLongArray.builder();
    try {
      for (String part : Splitter.on(',').trimResults().omitEmptyStrings().split(text)) {
        long size = Long.parseLong(part);
        if (size < 0) {
          throw broken(path, "has shape (" + Quoted.of(text) + "), expected sizes from 0 on");
        }
        shape.add(size);
      }
    } catch (NumberFormatException e) {
      throw broken(path, "has shape (" + Quoted.of(text) + "), expected whole numbers");
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
