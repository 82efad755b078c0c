package simclr.io;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** A {@code .npy} file, mapped into memory: a row is read when it is asked for. Thread-safe. */
public final class NpyFile {
  /** A mapping is at most 2 GiB long. */
  private static final long LONGEST_SEGMENT = 1L << 30;

  private final Path path;
  private final NpyHeader header;
  private final int columns;
  private final int rowsPerSegment;
  private final ImmutableList<ByteBuffer> segments;

  private NpyFile(
      Path path,
      NpyHeader header,
      int columns,
      int rowsPerSegment,
      ImmutableList<ByteBuffer> segments) {
    this.path = path;
    this.header = header;
    this.columns = columns;
    this.rowsPerSegment = rowsPerSegment;
    this.segments = segments;
  }

  /**
   * Opens a file and checks that it is whole.
   *
   * @param flag names the file in messages
   * @throws UserException NO_INPUT if it is not there, DATA if it is broken or of another type
   */
  public static NpyFile open(String flag, Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return map(path, channel, NpyHeader.read(path, channel));
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

  private static NpyFile map(Path path, FileChannel channel, NpyHeader.Located located)
      throws IOException {
    ImmutableLongArray shape = located.header().shape();
    long rows = shape.get(0);
    long columns = 1;
    for (int i = 1; i < shape.length(); i++) {
      columns = Math.multiplyExact(columns, shape.get(i));
    }
    long rowBytes = Math.multiplyExact(columns, located.header().dtype().bytes());
    long expected = Math.addExact(located.dataOffset(), Math.multiplyExact(rows, rowBytes));
    if (channel.size() != expected) {
      throw broken(
          path, "has " + channel.size() + " bytes, expected " + expected + " by its shape");
    }
    if (rows == 0 || columns == 0) {
      throw broken(path, "holds no number, expected at least one row");
    }
    if (rows > Integer.MAX_VALUE || rowBytes > LONGEST_SEGMENT) {
      throw broken(path, "has shape " + shape + ", expected at most 2^31 rows of 1 GiB");
    }
    int rowsPerSegment = (int) Math.max(1, LONGEST_SEGMENT / rowBytes);
    ImmutableList.Builder<ByteBuffer> segments = ImmutableList.builder();
    for (long row = 0; row < rows; row += rowsPerSegment) {
      long start = located.dataOffset() + row * rowBytes;
      long length = Math.min(rowsPerSegment, rows - row) * rowBytes;
      segments.add(
          channel.map(FileChannel.MapMode.READ_ONLY, start, length).order(ByteOrder.LITTLE_ENDIAN));
    }
    return new NpyFile(
        path, located.header(), Math.toIntExact(columns), rowsPerSegment, segments.build());
  }

  Path path() {
    return path;
  }

  public NpyDtype dtype() {
    return header.dtype();
  }

  public ImmutableLongArray shape() {
    return header.shape();
  }

  public int rows() {
    return Math.toIntExact(shape().get(0));
  }

  /** Numbers in a row, whatever the dimensions after the first are; 1 in a vector. */
  public int columns() {
    return columns;
  }

  /**
   * Copies a row of real numbers; those of 64 bits are rounded to 32.
   *
   * @param into gets {@link #columns} values from {@code offset} on
   */
  public void copyRow(int row, float[] into, int offset) {
    ByteBuffer segment = segments.get(row / rowsPerSegment);
    int start = start(row);
    if (dtype() == NpyDtype.FLOAT32) {
      segment
          .slice(start, columns * Float.BYTES)
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(into, offset, columns);
      return;
    }
    for (int i = 0; i < columns; i++) {
      into[offset + i] = dtype().real(segment, start + i * dtype().bytes());
    }
  }

  /** One of the whole numbers. */
  public long whole(int row, int column) {
    return dtype().whole(segments.get(row / rowsPerSegment), start(row) + column * dtype().bytes());
  }

  /** The offset of a row in its segment. */
  private int start(int row) {
    return row % rowsPerSegment * columns * dtype().bytes();
  }

  /** What to tell the user of content that does not fit. */
  public UserException broken(String why) {
    return broken(path, why);
  }

  private static UserException broken(Path path, String why) {
    return new UserException(ExitCode.DATA, "%s %s", path, why);
  }
}
