package simclr.eval.features;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Locale;
import simclr.checkpoint.DurableFiles;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.embed.NpyWriter;

/** A {@code .npy} file whose rows come in order, over several processes if need be. */
final class GrowingNpy implements AutoCloseable {
  private final Path file;
  private final Path aside;
  private final FileChannel channel;
  private final int header;
  private final int rowBytes;

  private GrowingNpy(Path file, Path aside, FileChannel channel, int header, int rowBytes) {
    this.file = file;
    this.aside = aside;
    this.channel = channel;
    this.header = header;
    this.rowBytes = rowBytes;
  }

  /** Where the rows of an unfinished file lie. */
  static Path aside(Path file) {
    return file.resolveSibling(file.getFileName() + ".part");
  }

  /**
   * Begins, or goes on with what lies aside.
   *
   * @param columns of a matrix; 0 for a vector
   * @param from rows that are there already; what lies behind them is written anew
   */
  static GrowingNpy open(
      Path file, String descr, int elementBytes, long rows, int columns, long from) {
    Path aside = aside(file);
    String shape = columns == 0 ? String.format(Locale.ROOT, "(%d,)", rows) : String.format(Locale.ROOT, "(%d, %d)", rows, columns);
    byte[] head = NpyWriter.header(descr, shape);
    int rowBytes = Math.max(1, columns) * elementBytes;
    try {
      FileChannel channel = FileChannel.open(aside, CREATE, READ, WRITE);
      try {
        long begin = head.length + from * rowBytes;
        if (from > 0 && channel.size() < begin) {
          throw new UserException(
              ExitCode.DATA,
              "%s has %s bytes, expected %s by progress.json beside it; remove both to start anew",
              aside,
              channel.size(),
              begin);
        }
        channel.truncate(begin);
        write(channel, ByteBuffer.wrap(head), 0);
        channel.position(begin);
        return new GrowingNpy(file, aside, channel, head.length, rowBytes);
      } catch (IOException | UserException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  void append(ByteBuffer rows) {
    try {
      while (rows.hasRemaining()) {
        channel.write(rows);
      }
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /** Brings what was appended to the disk. */
  void sync() {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /** Puts the whole file in its place. */
  void commit(long rows) {
    try {
      if (channel.size() != header + rows * rowBytes) {
        throw new IllegalStateException(file + " has not all of its rows");
      }
      channel.force(true);
      channel.close();
      DurableFiles.move(aside, file);
      DurableFiles.syncDirectoryOf(file);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /** Leaves what was written for the next process. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static void write(FileChannel channel, ByteBuffer bytes, long position)
      throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes, position + bytes.position());
    }
  }

  private static UserException unwritable(Path file, IOException e) {
    return new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
  }
}
