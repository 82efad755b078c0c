package simclr.data.source;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.UnreadableInput;

/**
 * A folder with all below it. Links are followed, but for those that lead back to a folder that
 * they are in. Hidden files and folders are never images.
 *
 * @param images files with the extension of an image, in any case
 * @param folders those that hold images, directly or further below
 * @param leftOut what is not read, in this folder and below
 */
record FolderTree(
    Path path, ImmutableList<Path> images, ImmutableList<FolderTree> folders, LeftOut leftOut) {
  private static final ImmutableSet<String> EXTENSIONS =
      ImmutableSet.of("png", "jpg", "jpeg", "bmp", "gif");
  private static final int DEEPEST = 16;
  private static final int GLANCE = 1000;

  /** Several links may show one folder; links below links multiply. */
  private static final int MOST_WAYS = 100;

  /**
   * Reads a folder.
   *
   * @throws UserException (no input) if there is no such folder, or one below cannot be read;
   *     (data) if a link leads back
   * @throws java.util.concurrent.CancellationException if the scan was stopped
   */
  static FolderTree read(Path path, ScanStop stop) {
    if (Files.isRegularFile(path)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is a file, expected a folder of images", path);
    }
    try {
      return new Walk(stop).read(path, path.toRealPath(), DEEPEST);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** One reading of a tree, and where it is. */
  private static final class Walk {
    private final ScanStop stop;

    /** The folders around the present one, without links in their paths. */
    private final Deque<Path> around = new ArrayDeque<>();

    /** How often a folder was reached by links. */
    private final Map<Path, Integer> ways = new HashMap<>();

    Walk(ScanStop stop) {
      this.stop = stop;
    }

    /**
     * @param real the same folder without links in its path
     */
    FolderTree read(Path path, Path real, int levels) {
      around.push(real);
      ImmutableList.Builder<Path> images = ImmutableList.builder();
      ImmutableList.Builder<FolderTree> folders = ImmutableList.builder();
      LeftOut leftOut = LeftOut.NOTHING;
      for (Path entry : entries(path)) {
        stop.check();
        if (name(entry).startsWith(".") || levels == 0) {
          leftOut = leftOut.plus(LeftOut.OTHER);
        } else if (Files.isDirectory(entry)) {
          FolderTree folder = read(entry, real(entry, real), levels - 1);
          leftOut = leftOut.plus(folder.leftOut());
          if (folder.depth() >= 0) {
            folders.add(folder);
          }
        } else if (isImage(entry)) {
          images.add(entry);
        } else {
          leftOut = leftOut.plus(LeftOut.file(name(entry)));
        }
      }
      around.pop();
      return new FolderTree(path, images.build(), folders.build(), leftOut);
    }

    private List<Path> entries(Path path) {
      List<Path> entries = new ArrayList<>();
      try (Stream<Path> list = Files.list(path)) {
        list.forEach(
            entry -> {
              stop.check();
              entries.add(entry);
            });
      } catch (UncheckedIOException e) {
        throw unreadable(path, new IOException(e.getMessage(), e));
      } catch (IOException e) {
        throw unreadable(path, e);
      }
      Collections.sort(entries);
      return entries;
    }

    private Path real(Path folder, Path parent) {
      if (!Files.isSymbolicLink(folder)) {
        return parent.resolve(name(folder));
      }
      Path target;
      try {
        target = folder.toRealPath();
      } catch (IOException e) {
        throw unreadable(folder, e);
      }
      if (around.stream().anyMatch(each -> each.startsWith(target))) {
        throw new UserException(
            ExitCode.DATA,
            "%s is a link that leads back to %s, a folder around it; expected links to other"
                + " folders only",
            folder,
            target);
      }
      if (ways.merge(target, 1, Integer::sum) > MOST_WAYS) {
        throw new UserException(
            ExitCode.DATA,
            "%s is a link to %s, which more than %s links lead to; expected fewer",
            folder,
            target,
            MOST_WAYS);
      }
      return target;
    }
  }

  /** Whether one of the first files in a folder, or in folders within it, looks like an image. */
  static boolean holdsImages(Path folder) {
    try (Stream<Path> files = Files.walk(folder, 3)) {
      return files.limit(GLANCE).anyMatch(file -> isImage(file) && Files.isRegularFile(file));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  String name() {
    return name(path);
  }

  /** Folders between this one and its deepest images; -1 without any. */
  int depth() {
    int least = images.isEmpty() ? -1 : 0;
    return folders.stream().mapToInt(folder -> 1 + folder.depth()).reduce(least, Math::max);
  }

  private static boolean isImage(Path file) {
    String name = name(file);
    return EXTENSIONS.contains(Ascii.toLowerCase(name.substring(name.lastIndexOf('.') + 1)));
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  private static UserException unreadable(Path path, IOException e) {
    return UnreadableInput.of(path, e, "a folder of images");
  }
}
