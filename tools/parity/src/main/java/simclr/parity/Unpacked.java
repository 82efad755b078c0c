package simclr.parity;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * An archive unpacked into a directory of its own, which goes when it is closed.
 *
 * @param directory what the archive holds
 */
record Unpacked(Path directory) implements AutoCloseable {

  /**
   * Unpacks with the system's {@code tar}, since Java knows no xz.
   *
   * @throws UserException if there is no such archive, or it cannot be unpacked
   */
  static Unpacked of(Path archive) {
    if (!Files.isRegularFile(archive)) {
      throw new UserException(ExitCode.NO_INPUT, "%s does not exist, expected an archive", archive);
    }
    try {
      Unpacked unpacked = new Unpacked(Files.createTempDirectory("simclr-parity"));
      Process tar =
          new ProcessBuilder(
                  "tar", "-xf", archive.toString(), "-C", unpacked.directory().toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (tar.waitFor() != 0) {
        unpacked.close();
        throw new UserException(
            ExitCode.DATA,
            "%s cannot be unpacked, expected an archive that tar reads: %s",
            archive,
            said);
      }
      return unpacked;
    } catch (IOException e) {
      throw new UserException(
          ExitCode.DATA, "%s cannot be unpacked, expected tar and room for it: %s", archive, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while unpacking " + archive, e);
    }
  }

  @Override
  public void close() throws UserException {
    try {
      MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be removed: %s", directory, e);
    }
  }
}
