package simclr.config;

import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException.ExitCode;

/**
 * Text of a flag or file as a path: the one place that makes one of the other.
 *
 * <p>{@code ~} and {@code ~/...} are the home directory, which the shell does not see in {@code
 * --flag=~/...} nor in a file of flags; {@code ./~} is a file of that name. {@code file:} addresses
 * are paths; those of other file systems, such as {@code gs://}, are refused.
 */
public final class LocalPath {
  private static final Pattern ADDRESS = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):/{1,}(.*)");

  /** The charset of file names, which the locale decides when Java starts. */
  private static final String CHARSET = System.getProperty("sun.jnu.encoding", "UTF-8");

  private LocalPath() {}

  /**
   * The path that a flag or argument names.
   *
   * @param what names the flag in messages
   * @throws UserException USAGE if no file of this machine can have such a name
   */
  public static Path of(String text, String what) {
    return of(text, what, home(), CHARSET);
  }

  static Path of(String text, String what, String home, String charset) {
    Matcher address = ADDRESS.matcher(text);
    try {
      if (address.matches()) {
        return ofAddress(text, what, address.group(1));
      }
      requireRepresentable(text, what, charset);
      return Path.of(withHome(text, what, home));
    } catch (InvalidPathException e) {
      throw new UserException(
          ExitCode.USAGE,
          "%s is \"%s\" (%s), expected a path",
          what,
          Quoted.of(text),
          e.getReason());
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

  /**
   * Checks the name of a file that was found in a directory: TensorFlow takes names in UTF-8, and
   * where the locale has another charset Java cannot hand them on.
   *
   * @throws UserException USAGE that names the locale
   */
  public static void requireRepresentable(Path path, String what) {
    requireRepresentable(path.toString(), what, CHARSET);
    // Bytes that are not UTF-8 are replaced in the text.
    if (path.toString().indexOf('\uFFFD') >= 0 && !path.equals(Path.of(path.toString()))) {
      throw new UserException(
          ExitCode.USAGE,
          "%s is \"%s\", whose name is not in UTF-8, expected one that is",
          what,
          path);
    }
  }

  private static void requireRepresentable(String name, String what, String charset) {
    if (!charset.equalsIgnoreCase("UTF-8") && !name.chars().allMatch(c -> c < 0x80)) {
      throw new UserException(
          ExitCode.USAGE,
          "%s is \"%s\", which the locale cannot name (its character set is %s), expected a locale"
              + " of UTF-8: set LC_ALL=C.UTF-8 before the program starts",
          what,
          name,
          charset);
    }
  }

  private static Path ofAddress(String text, String what, String scheme) {
    try {
      if (scheme.equalsIgnoreCase("file")) {
        return Path.of(URI.create(text));
      }
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      throw new UserException(
          ExitCode.USAGE,
          "%s is \"%s\", expected file:///PATH without a host, or a path",
          what,
          Quoted.of(text));
    }
    throw new UserException(
        ExitCode.USAGE,
        "%s is \"%s\", expected a path of this machine: %s:// is not supported, so mount it or"
            + " copy from and to it",
        what,
        Quoted.of(text),
        scheme);
  }

  private static String withHome(String text, String what, String home) {
    if (text.equals("~") || text.startsWith("~/")) {
      return home + text.substring(1);
    } else if (text.startsWith("~")) {
      throw new UserException(
          ExitCode.USAGE,
          "%s is \"%s\", expected ~/PATH for your own home, the path of another user's, or ./%s",
          what,
          Quoted.of(text),
          Quoted.of(text));
    }
    return text;
  }

  private static String home() {
    @Nullable String home = System.getenv("HOME");
    return home == null || home.isEmpty() ? System.getProperty("user.home", ".") : home;
  }
}
