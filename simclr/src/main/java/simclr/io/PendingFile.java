package simclr.io;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A file too long for memory, written aside until {@link #commit} puts it in its place, as {@link
 * DurableFiles} does. Closed without that, it leaves nothing.
 */
public final class PendingFile implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final Path aside;
  private final FileChannel channel;
  private final OutputStream out;

  private PendingFile(Path file, Path aside) throws IOException {
    this.file = file;
    this.aside = aside;
    this.channel = FileChannel.open(aside, CREATE, TRUNCATE_EXISTING, WRITE);
    this.out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
  }

  /**
   * Begins a file.
   *
   * @throws UserException CANNOT_WRITE, naming the file
   */
  public static PendingFile of(Path file) {
    try {
      return new PendingFile(file, DurableFiles.aside(file));
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * Appends.
   *
   * @throws UserException CANNOT_WRITE, naming the file
   */
  public void write(byte[] bytes) {
    try {
      out.write(bytes);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * Puts the file in its place.
   *
   * @throws UserException CANNOT_WRITE, naming the file; what stood there still does
   */
  public void commit() {
    try {
      out.flush();
      channel.force(true);
      channel.close();
      DurableFiles.move(aside, file);
      DurableFiles.syncDirectoryOf(file);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
      Files.deleteIfExists(aside);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static UserException unwritable(Path file, IOException e) {
    return new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
  }
}
