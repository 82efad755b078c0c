package simclr.tools;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Standard output that remembers what could not be written. {@code System.out} and every writer on
 * it forget.
 */
final class StandardOutput extends OutputStream {
  /** As a process that a closed pipe has ended: 128 and the number of SIGPIPE. */
  static final int CLOSED_PIPE = 141;

  private final OutputStream out;
  private Optional<IOException> failure = Optional.empty();

  StandardOutput() {
    this(new FileOutputStream(FileDescriptor.out));
  }

  StandardOutput(OutputStream out) {
    this.out = out;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = failure.or(() -> Optional.of(e));
      throw e;
    }
  }

  /** What went wrong first, if anything has. */
  Optional<IOException> failure() {
    return failure;
  }

  /** Whether the reader wanted no more, as {@code head} does. */
  boolean pipeIsClosed() {
    return failure.map(e -> String.valueOf(e.getMessage()).contains("Broken pipe")).orElse(false);
  }
}
