package simclr.eval.features;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Records;
import simclr.data.records.Records.Shards.Part;
import simclr.data.records.Split;
import simclr.io.Sha256;

/**
 * What tells the examples of a split from others.
 *
 * @param sha256 in hexadecimal
 * @param of what was hashed, in words: where reading every byte would take as long as the
 *     evaluation, names and sizes stand for the contents
 */
public record DataDigest(String sha256, String of) {

  /** Of a split of images. */
  public static DataDigest of(Split split) {
    Hasher hasher = Hashing.sha256().newHasher();
    split.labelNames().forEach(name -> text(hasher, name));
    Records records = split.records();
    if (records instanceof Records.InMemory memory) {
      memory.labels().forEach(hasher::putLong);
      memory.images().forEach(image -> hasher.putInt(image.length).putBytes(image));
      return new DataDigest(
          hasher.hash().toString(), "class names, labels and bytes of every image");
    } else if (records instanceof Records.ImageFiles files) {
      files.labels().forEach(hasher::putLong);
      files.files().forEach(file -> file(hasher, file));
      return new DataDigest(
          hasher.hash().toString(), "class names, labels, name and size of every image file");
    }
    for (Part part : ((Records.Shards) records).parts()) {
      file(hasher, part.file());
      hasher.putLong(part.from()).putLong(part.to());
    }
    return new DataDigest(
        hasher.hash().toString(),
        "class names, and name, size and stretch of records of every file");
  }

  /** Of files, byte by byte. */
  static DataDigest ofContents(List<Path> files) {
    try {
      return new DataDigest(Sha256.ofFiles(files), "bytes of features and labels");
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", files, e);
    }
  }

  private static void file(Hasher hasher, Path file) {
    text(hasher, file.getFileName().toString());
    try {
      hasher.putLong(Files.size(file));
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", file, e);
    }
  }

  private static void text(Hasher hasher, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    hasher.putInt(bytes.length).putBytes(bytes);
  }
}
