package simclr.io;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Says that this process trains in a directory. The operating system drops the lock with the
 * process, however it ends; the file {@code .lock} stays and means nothing by itself.
 */
public final class DirectoryLock implements AutoCloseable {
  /**
   * Directories that this process holds. POSIX drops all of a process's locks on a file when any
   * descriptor of it is closed, so a second attempt must not even open the file.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Takes the lock or fails at once.
   *
   * @param directory exists
   * @throws UserException IN_USE if a process, this one included, holds it
   */
  public static DirectoryLock acquire(Path directory) {
    Path real;
    try {
      real = directory.toRealPath();
    } catch (IOException e) {
      throw cannotLock(directory, e);
    }
    if (!HELD.add(real)) {
      throw new UserException(
          ExitCode.IN_USE, "%s is in use by this process, expected a free directory", directory);
    }
    try {
      return new DirectoryLock(real, lock(directory));
    } catch (RuntimeException e) {
      HELD.remove(real);
      throw e;
    }
  }

  private static FileChannel lock(Path directory) {
    try {
      FileChannel channel = FileChannel.open(directory.resolve(".lock"), CREATE, READ, WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        String holder = text(channel);
        channel.close();
        throw new UserException(
            ExitCode.IN_USE,
            "%s is in use by another process%s, expected a free directory",
            directory,
            holder);
      }
      channel.truncate(0);
      String pid = Long.toString(ProcessHandle.current().pid());
      channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
      return channel;
    } catch (IOException e) {
      throw cannotLock(directory, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw cannotLock(directory, e);
    } finally {
      HELD.remove(directory);
    }
  }

  private static String text(FileChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(20);
    channel.read(bytes, 0);
    String pid = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    return pid.matches("\\d+") ? " (" + pid + ")" : "";
  }

  private static UserException cannotLock(Path directory, IOException e) {
    return new UserException(ExitCode.CANNOT_WRITE, "%s cannot be locked (%s)", directory, e);
  }
}
