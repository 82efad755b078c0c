package simclr.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** A {@code .npy} file whose rows come one by one; it is there once it is whole. */
public final class NpyWriter implements AutoCloseable {
  private final PendingFile file;

  private NpyWriter(PendingFile file) {
    this.file = file;
  }

  /**
   * A matrix of float32.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  public static NpyWriter floats(Path path, long rows, int columns) {
    return open(path, NpyHeader.of(NpyDtype.FLOAT32, rows, columns));
  }

  /**
   * A vector of int64.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  public static NpyWriter longs(Path path, long rows) {
    return open(path, NpyHeader.of(NpyDtype.INT64, rows));
  }

  private static NpyWriter open(Path path, NpyHeader header) {
    NpyWriter writer = new NpyWriter(PendingFile.of(path));
    writer.file.write(header.toBytes());
    return writer;
  }

  /** Appends a row. */
  public void row(float[] values) {
    file.write(NpyDtype.FLOAT32.encode(values).array());
  }

  /** Appends a number to a vector. */
  public void row(long value) {
    file.write(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  /** Puts the file in its place once all rows are there. */
  public void commit() {
    file.commit();
  }

  @Override
  public void close() {
    file.close();
  }
}
