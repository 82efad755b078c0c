package simclr.export.savedmodel;

import static com.google.common.io.MoreFiles.asByteSource;

import com.google.common.hash.Hashing;
import com.google.common.io.ByteSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** What tells one checkpoint's weights from another's. */
public final class Sha256 {
  private Sha256() {}

  /** Of the data file of a checkpoint, in hexadecimal; of several shards, one behind the other. */
  public static String ofData(Path prefix) {
    try (Stream<Path> siblings = Files.list(prefix.toAbsolutePath().resolveSibling("."))) {
      String data = prefix.getFileName() + ".data-";
      List<ByteSource> shards =
          siblings
              .filter(file -> file.getFileName().toString().startsWith(data))
              .sorted()
              .map(file -> asByteSource(file))
              .toList();
      return ByteSource.concat(shards).hash(Hashing.sha256()).toString();
    } catch (IOException e) {
      throw new UserException(ExitCode.DATA, "%s cannot be read (%s)", prefix, e);
    }
  }
}
