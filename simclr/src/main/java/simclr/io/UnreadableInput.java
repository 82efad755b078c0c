package simclr.io;

import java.io.CharConversionException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Tells the user why an input file or directory cannot be read. */
public final class UnreadableInput {
  private UnreadableInput() {}

  /**
   * The exception that names the file and the cause.
   *
   * @param expected what should have been there: {@code a TFRecord file}
   */
  public static UserException of(Path path, IOException e, String expected) {
    if (e instanceof NoSuchFileException || e instanceof NotDirectoryException) {
      return new UserException(ExitCode.NO_INPUT, "%s is missing, expected %s", path, expected);
    }
    if (e instanceof CharacterCodingException || e instanceof CharConversionException) {
      return new UserException(ExitCode.DATA, "%s is not UTF-8 text, expected %s", path, expected);
    }
    String why =
        e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
    return new UserException(
        ExitCode.NO_INPUT, "%s cannot be read (%s), expected %s", path, why, expected);
  }
}
