package simclr.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import simclr.config.UserException;

/**
 * A file that is written aside until {@link #commit} puts it in its place. Closed without that, it
 * leaves nothing; killed, it leaves a file that the next one of the same name removes.
 */
public final class PendingFile implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final TemporaryName aside;
  private final OutputStream out;

  private PendingFile(Path file, TemporaryName aside) {
    this.file = file;
    this.aside = aside;
    this.out = new BufferedOutputStream(Channels.newOutputStream(aside.channel()), BUFFER);
  }

  /**
   * Begins a file.
   *
   * @throws UserException CANNOT_WRITE, naming the file
   */
  public static PendingFile of(Path file) {
    try {
      return new PendingFile(file, TemporaryName.forFile(file));
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
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
      throw DurableFiles.unwritable(file, e);
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
      DurableFiles.replace(file, aside.path(), aside.channel());
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }

  @Override
  public void close() {
    try {
      aside.close();
    } catch (IOException e) {
      throw DurableFiles.unwritable(file, e);
    }
  }
}
