package simclr.export.bundle;

import com.google.common.collect.ImmutableSortedMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
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

  /** Zeros may stand in front, as TensorFlow Serving takes it. */
  private static final Pattern VERSION = Pattern.compile("0*([1-9]\\d{0,17})");

  private ExportDirectory() {}

  private static Path shorter(Path one, Path other) {
    return one.toString().length() < other.toString().length() ? one : other;
  }

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
   * The version that a path means which may also lead to something else, such as a checkpoint.
   *
   * @return the newest version if the path is the directory of all, else the path itself
   */
  public static Path versionOrSelf(Path path) {
    if (!Files.isDirectory(path) || isVersion(path)) {
      return path;
    }
    return versions(path).descendingMap().values().stream()
        .filter(ExportDirectory::isVersion)
        .findFirst()
        .orElse(path);
  }

  /**
   * The number of a version's directory, 1 if its name is none.
   *
   * @param directory {@link #isVersion}
   */
  public static long number(Path directory) {
    String name = directory.toAbsolutePath().normalize().getFileName().toString();
    Matcher version = VERSION.matcher(name);
    return version.matches() ? Long.parseLong(version.group(1)) : 1;
  }

  /**
   * All versions of a base directory, whether whole or not, the newest last.
   *
   * @throws UserException (no input) if there is no such directory or it cannot be read
   */
  public static ImmutableSortedMap<Long, Path> versions(Path base) {
    SortedMap<Long, Path> versions = new TreeMap<>();
    try (Stream<Path> entries = Files.list(base)) {
      entries
          .filter(entry -> VERSION.matcher(entry.getFileName().toString()).matches())
          .filter(Files::isDirectory)
          // Of two names for one number the shorter counts, so that every look finds the same.
          .forEach(entry -> versions.merge(number(entry), entry, ExportDirectory::shorter));
    } catch (NoSuchFileException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is missing, expected the directory of an export", base);
    } catch (NotDirectoryException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is a file, expected the directory of an export", base);
    } catch (IOException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s cannot be read (%s), expected a directory", base, e);
    }
    return ImmutableSortedMap.copyOf(versions);
  }
}
