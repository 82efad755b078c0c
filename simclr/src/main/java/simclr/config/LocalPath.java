package simclr.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import simclr.config.UserException.ExitCode;

/** Text of a flag or file as a path: the one place that makes one of the other. */
public final class LocalPath {
  private LocalPath() {}

  /**
   * The path that a flag or argument names.
   *
   * @param what names the flag in messages
   * @throws UserException USAGE if no file can have such a name
   */
  public static Path of(String text, String what) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new UserException(
          ExitCode.USAGE, "%s is \"%s\" (%s), expected a path", what, Quoted.of(text), e.getReason());
    }
  }

  /** The path that a file holds; empty if no file can have such a name. */
  public static Optional<Path> ifValid(String text) {
    try {
      return Optional.of(Path.of(text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
