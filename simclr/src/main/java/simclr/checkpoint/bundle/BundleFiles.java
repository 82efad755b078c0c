package simclr.checkpoint.bundle;

import java.nio.file.Path;
import java.util.Locale;

/** Names of the files of a checkpoint, whose prefix is the part that they share. */
public final class BundleFiles {
  private BundleFiles() {}

  /** {@code PREFIX.index}. */
  public static Path index(Path prefix) {
    return prefix.resolveSibling(prefix.getFileName() + ".index");
  }

  /** The data file of a checkpoint with one; nothing here writes more. */
  public static Path data(Path prefix) {
    return data(prefix, 0, 1);
  }

  /** {@code PREFIX.data-SHARD-of-SHARDS}. */
  static Path data(Path prefix, int shard, int shards) {
    return prefix.resolveSibling(
        String.format(
            Locale.ROOT,
            "%s.data-%s-of-%s",
            prefix.getFileName(),
            fiveDigits(shard),
            fiveDigits(shards)));
  }

  private static String fiveDigits(int number) {
    String digits = Integer.toString(number);
    return "0".repeat(Math.max(0, 5 - digits.length())) + digits;
  }
}
