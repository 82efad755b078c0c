package simclr.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Gives this process a directory to itself, for a training or an extraction. The file {@value
 * #FILE} stays when the lock is gone and means nothing by itself.
 */
public final class DirectoryLock implements AutoCloseable {
  /** The name in the directory. */
  public static final String FILE = ".lock";

  private static final int LONGEST_PID = 20;

  private final Path directory;
  private final ProcessLock lock;

  private DirectoryLock(Path directory, ProcessLock lock) {
    this.directory = directory;
    this.lock = lock;
  }

  /**
   * Takes the lock or fails at once.
   *
   * @param directory exists
   * @throws UserException IN_USE if a process, this one included, holds it
   */
  public static DirectoryLock acquire(Path directory) {
    Path file = directory.resolve(FILE);
    try {
      Optional<ProcessLock> lock = ProcessLock.acquire(file);
      if (lock.isEmpty()) {
        throw new UserException(
            ExitCode.IN_USE,
            "%s is in use by %s, expected a free directory",
            directory,
            ProcessLock.isHeldHere(file) ? "this process" : "another process" + holder(file));
      }
      FileChannel channel = lock.get().channel();
      channel.truncate(0);
      String pid = Long.toString(ProcessHandle.current().pid());
      channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
      return new DirectoryLock(directory, lock.get());
    } catch (IOException e) {
      throw cannotLock(directory, e);
    }
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      throw cannotLock(directory, e);
    }
  }

  private static String holder(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    String pid = new String(content, StandardCharsets.US_ASCII);
    return content.length <= LONGEST_PID && pid.matches("\\d+") ? " (" + pid + ")" : "";
  }

  private static UserException cannotLock(Path directory, IOException e) {
    return new UserException(ExitCode.CANNOT_WRITE, "%s cannot be locked (%s)", directory, e);
  }
}
