package simclr.export.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.DurableFiles;

/**
 * A directory that appears whole or not at all: filled beside its place, then renamed. Closed
 * without {@link #publish}, nothing of it is left.
 */
public final class NewDirectory implements AutoCloseable {
  private final Path target;
  private final Path aside;

  private NewDirectory(Path target, Path aside) {
    this.target = target;
    this.aside = aside;
  }

  /**
   * Begins a directory.
   *
   * @param flag names the target in messages
   * @throws UserException CANNOT_WRITE if the target exists and is not an empty directory, or
   *     cannot be made
   */
  public static NewDirectory begin(String flag, Path target) {
    if (isTaken(target)) {
      throw new UserException(
          ExitCode.CANNOT_WRITE,
          "%s is %s, which exists and is not empty; expected a new directory",
          flag,
          target);
    }
    Path absolute = target.toAbsolutePath().normalize();
    Path aside =
        absolute.resolveSibling(
            "." + absolute.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    try {
      Files.createDirectories(
          Optional.ofNullable(absolute.getParent()).orElse(absolute.resolveSibling(".")));
      DurableFiles.deleteTree(aside);
      Files.createDirectory(aside);
    } catch (IOException e) {
      throw cannotWrite(flag, target, e);
    }
    return new NewDirectory(absolute, aside);
  }

  /** Where files go until then. */
  public Path path() {
    return aside;
  }

  /**
   * Gives the directory its name.
   *
   * @throws UserException CANNOT_WRITE if it cannot be renamed
   */
  public void publish() {
    try {
      Files.deleteIfExists(target); // an empty one
      DurableFiles.move(aside, target);
      DurableFiles.syncDirectoryOf(target);
    } catch (IOException e) {
      throw cannotWrite("the output", target, e);
    }
  }

  @Override
  public void close() {
    try {
      DurableFiles.deleteTree(aside);
    } catch (IOException e) {
      throw cannotWrite("the output", aside, e);
    }
  }

  private static boolean isTaken(Path target) {
    if (!Files.isDirectory(target)) {
      return Files.exists(target);
    }
    try (Stream<Path> files = Files.list(target)) {
      return files.findAny().isPresent();
    } catch (IOException e) {
      return true;
    }
  }

  private static UserException cannotWrite(String flag, Path path, IOException e) {
    return new UserException(
        ExitCode.CANNOT_WRITE, "%s is %s, which cannot be written (%s)", flag, path, e);
  }
}
