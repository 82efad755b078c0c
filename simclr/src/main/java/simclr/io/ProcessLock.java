package simclr.io;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An exclusive lock on a file. The operating system drops it with the process, however that ends:
 * whoever gets the lock of a file knows that its former holder is gone.
 */
final class ProcessLock implements AutoCloseable {
  /**
   * Files that this process holds. POSIX drops all of a process's locks on a file when any
   * descriptor of it is closed, so a second attempt must not even open the file.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path key;
  private final FileChannel channel;

  private ProcessLock(Path key, FileChannel channel) {
    this.key = key;
    this.channel = channel;
  }

  /**
   * Locks a file, making it if need be; empty if it is locked by any process, this one included.
   */
  static Optional<ProcessLock> acquire(Path file) throws IOException {
    return lock(file, true, CREATE, READ, WRITE);
  }

  /** Locks a file that is there; empty if it is locked by any process, this one included. */
  static Optional<ProcessLock> ofExisting(Path file) throws IOException {
    return lock(file, true, READ, WRITE);
  }

  /**
   * Makes a file and locks it, as far as its file system has locks; empty if another process was
   * faster to lock it.
   */
  static Optional<ProcessLock> ofNew(Path file) throws IOException {
    return lock(file, false, CREATE_NEW, READ, WRITE);
  }

  /** Whether this process has the lock of a file. */
  static boolean isHeldHere(Path file) throws IOException {
    return HELD.contains(key(file));
  }

  private static Optional<ProcessLock> lock(Path file, boolean required, OpenOption... options)
      throws IOException {
    Path key = key(file);
    if (!HELD.add(key)) {
      return Optional.empty();
    }
    boolean held = false;
    try {
      FileChannel channel = FileChannel.open(file, options);
      try {
        held = isLocked(channel, required);
        return held ? Optional.of(new ProcessLock(key, channel)) : Optional.empty();
      } finally {
        if (!held) {
          channel.close();
        }
      }
    } finally {
      if (!held) {
        HELD.remove(key);
      }
    }
  }

  private static boolean isLocked(FileChannel channel, boolean required) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (IOException e) {
      if (required) {
        throw e;
      }
      return true; // A file system without locks: nobody else can lock the file either.
    }
  }

  private static Path key(Path file) throws IOException {
    Path absolute = file.toAbsolutePath();
    return absolute.resolveSibling(".").toRealPath().resolve(absolute.getFileName());
  }

  /** To read and write the file. */
  FileChannel channel() {
    return channel;
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      HELD.remove(key);
    }
  }
}
