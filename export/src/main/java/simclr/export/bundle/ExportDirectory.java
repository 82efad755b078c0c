package simclr.export.bundle;

import com.google.common.collect.ImmutableSortedMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Where an export lies: one directory for each version, named by a positive integer, as TensorFlow
 * Serving has it.
 *
 * <pre>
 *   BASE/VERSION/saved_model.pb, variables/, manifest.json, ...
 * </pre>
 */
public final class ExportDirectory {
  /** The file that makes a directory a SavedModel. */
  public static final String SAVED_MODEL = "saved_model.pb";

  private static final Pattern VERSION = Pattern.compile("[1-9]\\d{0,17}");

  private ExportDirectory() {}

  /** Whether a directory is a SavedModel itself, not one of several versions. */
  public static boolean isVersion(Path directory) {
    return Files.exists(directory.resolve(SAVED_MODEL));
  }

  /**
   * The directory to load.
   *
   * @param export a version's directory, or the base directory, which stands for its newest version
   * @throws UserException (no input) if there is no SavedModel
   */
  public static Path newest(Path export) {
    if (isVersion(export)) {
      return export;
    }
    ImmutableSortedMap<Long, Path> versions = versions(export);
    if (versions.isEmpty()) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s holds no export, expected %s or directories of versions such as %s",
          export,
          SAVED_MODEL,
          export.resolve("1"));
    }
    return versions.descendingMap().values().iterator().next();
  }

  /**
   * The number of a version's directory, 1 if its name is none.
   *
   * @param directory {@link #isVersion}
   */
  public static long number(Path directory) {
    String name = directory.toAbsolutePath().normalize().getFileName().toString();
    return VERSION.matcher(name).matches() ? Long.parseLong(name) : 1;
  }

  /**
   * All versions of a base directory, whether whole or not, the newest last.
   *
   * @throws UserException (no input) if there is no such directory or it cannot be read
   */
  public static ImmutableSortedMap<Long, Path> versions(Path base) {
    ImmutableSortedMap.Builder<Long, Path> versions = ImmutableSortedMap.naturalOrder();
    try (Stream<Path> entries = Files.list(base)) {
      entries
          .filter(entry -> VERSION.matcher(entry.getFileName().toString()).matches())
          .filter(Files::isDirectory)
          .forEach(entry -> versions.put(number(entry), entry));
    } catch (NoSuchFileException | NotDirectoryException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is missing, expected the directory of an export", base);
    } catch (IOException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s cannot be read (%s), expected a directory", base, e);
    }
    return versions.build();
  }
}
