package simclr.export.savedmodel;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import simclr.checkpoint.DurableFiles;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.ExportDirectory;

/**
 * {@code BASE/<version>}, the layout of TensorFlow Serving, written aside and renamed once it is
 * whole: whoever watches {@code BASE} sees a version or does not see it.
 */
public final class VersionDirectory implements AutoCloseable {
  private static final Pattern ASIDE = Pattern.compile("\\.(\\d+)\\.(\\d+)\\.tmp(\\.former)?");

  private final Path base;
  private final Path target;
  private final Path aside;
  private final boolean replace;
  private final boolean newBase;

  private VersionDirectory(Path base, long version, boolean replace) {
    this.base = base;
    this.newBase = Files.notExists(base);
    this.replace = replace;
    this.target = base.resolve(Long.toString(version));
    this.aside = base.resolve(String.format(Locale.ROOT, ".%d.%d.tmp", version, ProcessHandle.current().pid()));
  }

  /**
   * Makes room for a version.
   *
   * @param replace whether a version that is there already is replaced
   * @throws UserException CANNOT_WRITE if it may not be replaced, or nothing can be written there
   */
  public static VersionDirectory begin(Path base, long version, boolean replace) {
    checkArgument(version > 0, "version %s must be positive", version);
    VersionDirectory directory = new VersionDirectory(base, version, replace);
    directory.refuseExisting();
    try {
      Files.createDirectories(base);
      directory.deleteLeftovers();
      DurableFiles.deleteTree(directory.aside);
      Files.createDirectory(directory.aside);
    } catch (IOException e) {
      throw new UserException(
          ExitCode.CANNOT_WRITE, "%s cannot be written to (%s), expected a directory", base, e);
    }
    return directory;
  }

  /** Where the version is written. */
  public Path aside() {
    return aside;
  }

  /**
   * Brings everything to the disk and gives the version its name.
   *
   * @return the version's directory
   */
  public Path publish() {
    refuseExisting();
    try {
      for (Path path : deepestFirst()) {
        if (Files.isDirectory(path)) {
          DurableFiles.syncDirectoryOf(path.resolve("any"));
        } else {
          DurableFiles.sync(path);
        }
      }
      if (Files.exists(target)) {
        Path former = aside.resolveSibling(aside.getFileName() + ".former");
        DurableFiles.deleteTree(former);
        Files.move(target, former);
        Files.move(aside, target);
        DurableFiles.deleteTree(former);
      } else {
        Files.move(aside, target);
      }
      DurableFiles.syncDirectoryOf(target);
      return target;
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", target, e);
    }
  }

  /** Takes away what was not published. */
  @Override
  public void close() {
    try {
      DurableFiles.deleteTree(aside);
      if (newBase) {
        Files.deleteIfExists(base);
      }
    } catch (DirectoryNotEmptyException e) {
      // It holds what was published.
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be removed (%s)", aside, e);
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

  private void refuseExisting() {
    if (!replace && Files.exists(target)) {
      throw new UserException(
          ExitCode.CANNOT_WRITE,
          "%s exists already, expected another --output or another version",
          target);
    }
  }

  /**
   * What processes left that were killed while they wrote. A version that one had just put aside to
   * replace it gets its name back.
   */
  private void deleteLeftovers() throws IOException {
    List<Path> leftovers;
    try (Stream<Path> children = Files.list(base)) {
      leftovers = children.filter(VersionDirectory::isLeftover).toList();
    }
    for (Path leftover : leftovers) {
      Matcher name = ASIDE.matcher(leftover.getFileName().toString());
      if (name.matches() && name.group(3) != null && !Files.exists(base.resolve(name.group(1)))) {
        Files.move(leftover, base.resolve(name.group(1)));
      } else {
        DurableFiles.deleteTree(leftover);
      }
    }
  }

  private static boolean isLeftover(Path path) {
    Matcher name = ASIDE.matcher(path.getFileName().toString());
    return name.matches() && ProcessHandle.of(Long.parseLong(name.group(2))).isEmpty();
  }

  private List<Path> deepestFirst() throws IOException {
    try (Stream<Path> tree = Files.walk(aside)) {
      return tree.sorted(Comparator.reverseOrder()).toList();
    }
  }
}
