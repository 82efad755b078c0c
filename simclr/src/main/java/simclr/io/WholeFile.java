package simclr.io;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Small files that are read at once. They may come from anybody: a pipe would never end, and a file
 * of the machine's size would take all memory.
 */
public final class WholeFile {
  private static final long MOST_BYTES = 256L << 20;

  private WholeFile() {}

  /**
   * All bytes of a file.
   *
   * @throws IOException if it cannot be read, is a pipe or a device, or has more than 256 MiB
   */
  public static byte[] bytes(Path file) throws IOException {
    BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
    if (found.isOther()) {
      throw new FileSystemException(file.toString(), null, "a pipe or a device, not a file");
    }
    if (found.size() > MOST_BYTES) {
      throw new FileSystemException(
          file.toString(), null, found.size() + " bytes, more than " + MOST_BYTES);
    }
    return Files.readAllBytes(file);
  }
}
