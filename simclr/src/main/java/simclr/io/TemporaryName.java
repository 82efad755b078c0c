package simclr.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A name beside a file or directory under which this process prepares its successor. While the
 * process lives it holds a lock; what has no locked owner was left by a killed one and is removed
 * by the next that writes the same target.
 *
 * <pre>
 *   .TARGET.ID.tmp                        a file, locked itself
 *   .TARGET.ID.lock  .TARGET.ID.tmp/      a directory and its lock, which holds text from just before
 *                                         the directory gets the target's name until that has lasted
 *   .TARGET.ID.tmp.former                 what stood under the target's name before it
 * </pre>
 */
final class TemporaryName implements AutoCloseable {
  private static final String FILE = ".tmp";
  private static final String LOCK = ".lock";
  private static final String FORMER = ".tmp.former";

  /** The process and a random part, as {@link #of} joins them. */
  private static final String ID = "\\d+-[0-9a-f]{8}";

  /** Earlier builds used the process alone. */
  private static final String EARLIER_ID = "\\d+";

  private static final byte[] ANNOUNCEMENT = "published\n".getBytes(StandardCharsets.US_ASCII);

  private final String stem;
  private final Path held;
  private final ProcessLock lock;

  private TemporaryName(String stem, Path held, ProcessLock lock) {
    this.stem = stem;
    this.held = held;
    this.lock = lock;
  }

  /** For a file, which is made and can be written through {@link #channel}. */
  static TemporaryName forFile(Path target) throws IOException {
    return of(target, FILE);
  }

  /** For a directory, which is not made yet. */
  static TemporaryName forDirectory(Path target) throws IOException {
    return of(target, LOCK);
  }

  private static TemporaryName of(Path target, String heldSuffix) throws IOException {
    removeAbandoned(
        target.toAbsolutePath().resolveSibling("."),
        Pattern.compile(Pattern.quote(target.getFileName().toString())));
    while (true) {
      String id =
          ProcessHandle.current().pid() + "-" + UUID.randomUUID().toString().substring(0, 8);
      String stem = "." + target.getFileName() + "." + id;
      Path held = target.resolveSibling(stem + heldSuffix);
      Optional<ProcessLock> lock = ProcessLock.ofNew(held);
      if (lock.isPresent()) {
        if (Files.exists(held)) {
          return new TemporaryName(stem, held, lock.get());
        }
        // Another process took the new file for an abandoned one before it was locked.
        lock.get().close();
      }
    }
  }

  /**
   * Removes what killed processes left in a directory. What cannot be removed stays for the next
   * time.
   *
   * @param targets names of the targets
   */
  static void removeAbandoned(Path directory, Pattern targets) {
    Pattern temporary =
        Pattern.compile(
            "(\\.("
                + targets
                + ")\\.(?:"
                + ID
                + "|"
                + EARLIER_ID
                + "))(\\.lock|\\.tmp(\\.former)?)");
    Set<String> seen = new HashSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, ".*")) {
      for (Path entry : entries) {
        Matcher name = temporary.matcher(entry.getFileName().toString());
        if (name.matches() && seen.add(name.group(1))) {
          removeIfAbandoned(directory, name.group(1), name.group(2));
        }
      }
    } catch (IOException e) {
      // What is written next meets the same difficulty and names it.
    }
  }

  private static void removeIfAbandoned(Path directory, String stem, String target) {
    Path lockFile = directory.resolve(stem + LOCK);
    Path file = directory.resolve(stem + FILE);
    // A directory's lock is made before it and deleted after it: one without has no owner.
    Optional<Path> held =
        Files.exists(lockFile)
            ? Optional.of(lockFile)
            : Optional.of(file).filter(Files::isRegularFile);
    try {
      if (held.isEmpty()) {
        remove(directory, stem, target);
        return;
      }
      Optional<ProcessLock> lock = ProcessLock.ofExisting(held.get());
      if (lock.isPresent()) {
        try {
          remove(directory, stem, target);
        } finally {
          lock.get().close();
        }
      }
    } catch (IOException e) {
      // Gone meanwhile, another user's, or on a file system without locks.
    }
  }

  /** A former target that a kill left without a successor gets its name back. */
  private static void remove(Path directory, String stem, String target) throws IOException {
    Path former = directory.resolve(stem + FORMER);
    if (Files.exists(former) && Files.notExists(directory.resolve(target))) {
      Files.move(former, directory.resolve(target));
    }
    DurableFiles.deleteTree(former);
    DurableFiles.deleteTree(directory.resolve(stem + FILE));
    Files.deleteIfExists(directory.resolve(stem + LOCK));
  }

  /**
   * Whether a directory got its name from a process that ended before it knew whether the name
   * lasts.
   */
  static boolean isUnconfirmed(Path target) {
    Pattern locks =
        Pattern.compile(
            "(\\." + Pattern.quote(target.getFileName().toString()) + "\\." + ID + ")\\.lock");
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(target.toAbsolutePath().resolveSibling("."), ".*")) {
      for (Path entry : entries) {
        Matcher name = locks.matcher(entry.getFileName().toString());
        if (name.matches()
            && Files.size(entry) > 0
            && Files.notExists(target.resolveSibling(name.group(1) + FILE))
            && isAbandoned(entry)) {
          return Files.exists(target);
        }
      }
    } catch (IOException e) {
      // What is written next meets the same difficulty and names it.
    }
    return false;
  }

  private static boolean isAbandoned(Path lockFile) throws IOException {
    Optional<ProcessLock> lock = ProcessLock.ofExisting(lockFile);
    if (lock.isPresent()) {
      lock.get().close();
    }
    return lock.isPresent();
  }

  /**
   * Says that the directory gets its name now; a process that ends before {@link #confirm} did not
   * see whether the name lasts.
   */
  void announce() throws IOException {
    channel().write(ByteBuffer.wrap(ANNOUNCEMENT), 0);
  }

  /** The directory has its name, or has it no more. */
  void confirm() throws IOException {
    channel().truncate(0);
  }

  /** Lets the lock go and leaves its file to the next process. */
  void abandon() throws IOException {
    lock.close();
  }

  /** Where to write until then. */
  Path path() {
    return held.resolveSibling(stem + FILE);
  }

  /** Where the directory goes that the new one replaces. */
  Path former() {
    return held.resolveSibling(stem + FORMER);
  }

  /** To write the file. */
  FileChannel channel() {
    return lock.channel();
  }

  /** Deletes the file, or the lock of the directory. */
  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(held);
    } finally {
      lock.close();
    }
  }
}
