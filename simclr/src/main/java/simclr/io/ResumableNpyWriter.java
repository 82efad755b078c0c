package simclr.io;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** A {@code .npy} file whose rows come in order, over several processes if need be. */
public final class ResumableNpyWriter implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final long wholeBytes;

  private ResumableNpyWriter(Path file, FileChannel channel, long wholeBytes) {
    this.file = file;
    this.channel = channel;
    this.wholeBytes = wholeBytes;
  }

  /** Where the rows of an unfinished file lie. */
  public static Path aside(Path file) {
    return file.resolveSibling(file.getFileName() + ".part");
  }

  /**
   * Begins a matrix, or resumes what lies aside.
   *
   * @param from rows that are there already; what lies behind them is written anew
   */
  public static ResumableNpyWriter matrix(
      Path file, NpyDtype dtype, long rows, int columns, long from) {
    return open(file, NpyHeader.of(dtype, rows, columns), columns, from);
  }

  /** The same for a vector. */
  public static ResumableNpyWriter vector(Path file, NpyDtype dtype, long rows, long from) {
    return open(file, NpyHeader.of(dtype, rows), 1, from);
  }

  private static ResumableNpyWriter open(Path file, NpyHeader header, int columns, long from) {
    Path aside = aside(file);
    byte[] head = header.toBytes();
    long rowBytes = (long) columns * header.dtype().bytes();
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
        channel.position(0);
        write(channel, ByteBuffer.wrap(head));
        channel.position(begin);
        return new ResumableNpyWriter(
            file, channel, head.length + header.shape().get(0) * rowBytes);
      } catch (IOException | UserException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }

  /** Appends rows in the file's number format. */
  public void append(ByteBuffer rows) {
    try {
      write(channel, rows);
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }

  /** Brings what was appended to the disk. */
  public void sync() {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }

  /** Puts the whole file in its place. */
  public void commit() {
    try {
      if (channel.size() != wholeBytes) {
        throw new IllegalStateException(file + " has not all of its rows");
      }
      DurableFiles.replace(file, aside(file), channel);
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }

  /** Leaves what was written for the next process. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
