package simclr.data.source;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.io.UnreadableInput;

/**
 * A folder with all below it; links are followed. Hidden files and folders are never images.
 *
 * @param images files with the extension of an image, in any case
 * @param folders those that hold images, directly or further below
 * @param others files that are not images, and hidden ones, in this folder and below; a hidden
 *     folder counts as one
 */
record FolderTree(
    Path path, ImmutableList<Path> images, ImmutableList<FolderTree> folders, long others) {
  private static final ImmutableSet<String> EXTENSIONS =
      ImmutableSet.of("png", "jpg", "jpeg", "bmp", "gif");
  private static final int DEEPEST = 16;

  /**
   * @throws UserException (no input) if there is no such folder, or one below cannot be read
   */
  static FolderTree read(Path path) {
    return read(path, DEEPEST);
  }

  private static FolderTree read(Path path, int levels) {
    List<Path> entries;
    try (Stream<Path> list = Files.list(path)) {
      entries = list.sorted().toList();
    } catch (IOException e) {
      throw UnreadableInput.of(path, e, "a folder of images");
    }
    ImmutableList.Builder<Path> images = ImmutableList.builder();
    ImmutableList.Builder<FolderTree> folders = ImmutableList.builder();
    long others = 0;
    for (Path entry : entries) {
      if (name(entry).startsWith(".") || levels == 0) {
        others++;
      } else if (Files.isDirectory(entry)) {
        FolderTree folder = read(entry, levels - 1);
        others += folder.others();
        if (folder.depth() >= 0) {
          folders.add(folder);
        }
      } else if (isImage(entry)) {
        images.add(entry);
      } else {
        others++;
      }
    }
    return new FolderTree(path, images.build(), folders.build(), others);
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
}
