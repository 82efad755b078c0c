package simclr.export.savedmodel;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.ExportDirectory;
import simclr.io.DurableFiles;
import simclr.io.PendingDirectory;

/**
 * {@code BASE/<version>}, the layout of TensorFlow Serving, written aside and renamed once it is
 * whole: whoever watches {@code BASE} sees a version or does not see it.
 */
public final class VersionDirectory implements AutoCloseable {
  private static final Pattern VERSIONS = Pattern.compile("\\d+");

  private final Path base;
  private final Path target;
  private final boolean replace;
  private final boolean newBase;
  private final PendingDirectory pending;

  private VersionDirectory(
      Path base, Path target, boolean replace, boolean newBase, PendingDirectory pending) {
    this.base = base;
    this.target = target;
    this.replace = replace;
    this.newBase = newBase;
    this.pending = pending;
  }

  /**
   * Makes room for a version, and removes what killed processes left of any.
   *
   * @param replace whether a version that is there already is replaced; one that a process did not
   *     live to confirm always is
   * @throws UserException CANNOT_WRITE if it may not be replaced, or nothing can be written there
   */
  public static VersionDirectory begin(Path base, long version, boolean replace) {
    checkArgument(version > 0, "version %s must be positive", version);
    Path target = base.resolve(Long.toString(version));
    boolean newBase = Files.notExists(base);
    boolean mayReplace = replace || PendingDirectory.isUnconfirmed(target);
    try {
      Files.createDirectories(base);
    } catch (IOException e) {
      throw new UserException(
          ExitCode.CANNOT_WRITE, "%s cannot be written to (%s), expected a directory", base, e);
    }
    PendingDirectory.removeAbandoned(base, VERSIONS);
    refuseExisting(target, mayReplace);
    return new VersionDirectory(base, target, mayReplace, newBase, PendingDirectory.begin(target));
  }

  /** Where the version is written. */
  public Path aside() {
    return pending.path();
  }

  /**
   * Brings everything to the disk and gives the version its name.
   *
   * @return the version's directory
   */
  public Path publish() {
    refuseExisting(target, replace);
    pending.publish();
    return target;
  }

  /** Takes away what was not published. */
  @Override
  public void close() {
    pending.close();
    try {
      if (newBase) {
        Files.deleteIfExists(base);
      }
    } catch (DirectoryNotEmptyException e) {
      // It holds what was published.
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be removed (%s)", base, e);
    }
  }

  /**
   * Removes all but the newest versions.
   *
   * @param keep how many; 0 or less keeps all
   */
  static void retain(Path base, int keep) {
    if (keep <= 0) {
      return;
    }
    // Names with zeros in front are of other programs, which may want to keep them.
    ImmutableList<Path> oldestFirst =
        ExportDirectory.versions(base).entrySet().stream()
            .filter(version -> version.getValue().endsWith(Long.toString(version.getKey())))
            .map(Map.Entry::getValue)
            .collect(ImmutableList.toImmutableList());
    try {
      for (Path old : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - keep))) {
        DurableFiles.deleteTree(old);
      }
    } catch (IOException e) {
      throw new UserException(
          ExitCode.CANNOT_WRITE, "old versions in %s cannot be removed (%s)", base, e);
    }
  }

  private static void refuseExisting(Path target, boolean replace) {
    if (!replace && Files.exists(target)) {
      throw new UserException(
          ExitCode.CANNOT_WRITE,
          "%s exists already, expected another --output or another version",
          target);
    }
  }
}
