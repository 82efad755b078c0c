package simclr.io;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Writing so that a reader, or the next start after a power failure, sees the old file or the new
 * one and nothing between: aside, synced, renamed, directory synced.
 */
public final class DurableFiles {
  private DurableFiles() {}

  /**
   * Replaces {@code file}.
   *
   * @throws UserException CANNOT_WRITE, naming the file; it is as it was then
   */
  public static void write(Path file, byte[] bytes) {
    try (PendingFile pending = PendingFile.of(file)) {
      pending.write(bytes);
      pending.commit();
    }
  }

  /** Removes what killed processes left of the files that they wrote in a directory. */
  public static void removeAbandoned(Path directory) {
    TemporaryName.removeAbandoned(directory, Pattern.compile(".+"));
  }

  /** Syncs what was written aside and puts it in the place of {@code file}. */
  static void replace(Path file, Path aside, FileChannel written) throws IOException {
    written.force(true);
    move(aside, file);
    syncDirectoryOf(file);
  }

  /** Renames at once. */
  public static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Brings a file to the disk. */
  public static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, WRITE)) {
      channel.force(true);
    }
  }

  /** Makes renames and deletions beside {@code file} last. */
  public static void syncDirectoryOf(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file.toAbsolutePath().resolveSibling("."), READ)) {
      channel.force(true);
    }
  }

  /** Deletes a directory and what is in it, if it is there. */
  public static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> tree = Files.walk(directory)) {
      deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : deepestFirst) {
      Files.deleteIfExists(path);
    }
  }

  static UserException unwritable(Path file, IOException e) {
    return new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
  }
}
