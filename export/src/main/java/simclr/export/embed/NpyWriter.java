package simclr.export.embed;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import simclr.checkpoint.PendingFile;

/**
 * NumPy's format, version 1.0, of a matrix whose rows come one by one.
 *
 * <pre>
 *   file   = 0x93 "NUMPY" 1 0 length:uint16 header data
 *   header = "{'descr': ..., 'fortran_order': False, 'shape': (rows, columns), }" spaces "\n"
 * </pre>
 *
 * <p>Numbers are little endian; length is that of the header, which ends at a multiple of 64.
 */
public final class NpyWriter implements AutoCloseable {
  private static final int ALIGNMENT = 64;
  private static final int PREFIX_BYTES = 10;

  private final PendingFile file;
  private final ByteBuffer row;

  private NpyWriter(PendingFile file, int rowBytes) {
    this.file = file;
    this.row = ByteBuffer.allocate(rowBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * A matrix of float32.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  public static NpyWriter floats(Path path, long rows, int columns) {
    return open(path, "<f4", String.format(Locale.ROOT, "(%d, %d)", rows, columns), columns * Float.BYTES);
  }

  /** A vector of int64. */
  static NpyWriter longs(Path path, long rows) {
    return open(path, "<i8", String.format(Locale.ROOT, "(%d,)", rows), Long.BYTES);
  }

  private static NpyWriter open(Path path, String type, String shape, int rowBytes) {
    NpyWriter writer = new NpyWriter(PendingFile.of(path), rowBytes);
    writer.file.write(header(type, shape));
    return writer;
  }

  /** Appends a row. */
  public void row(float[] values) {
    row.clear();
    row.asFloatBuffer().put(values);
    file.write(row.array());
  }

  void row(long value) {
    row.clear();
    row.putLong(value);
    file.write(row.array());
  }

  /** Puts the file in its place once all rows are there. */
  public void commit() {
    file.commit();
  }

  @Override
  public void close() {
    file.close();
  }

  /**
   * What stands before the data.
   *
   * @param type NumPy's name, such as {@code <f4}
   * @param shape as Python writes a tuple
   */
  public static byte[] header(String type, String shape) {
    String fields = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }".formatted(type, shape);
    int length = PREFIX_BYTES + fields.length() + 1;
    int padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    String header = fields + " ".repeat(padded - length) + "\n";
    return ByteBuffer.allocate(padded)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
        .putShort((short) header.length())
        .put(header.getBytes(StandardCharsets.US_ASCII))
        .array();
  }
}
