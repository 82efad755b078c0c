package simclr.eval.probe;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;
import simclr.eval.record.RecordJson;
import simclr.io.DurableFiles;
import simclr.io.Sha256;

/**
 * A file that keeps how far a protocol has come, so that a kill loses a few seconds.
 *
 * <pre>
 *   file   = hash "\n" object
 *   hash   = SHA-256 of object, in hexadecimal
 *   object = {"key": ..., and what the protocol keeps}
 * </pre>
 */
public final class ProbeCheckpoint {
  private static final long INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();
  private static final int HASH_LENGTH = 64;

  private final Optional<Path> file;
  private final String key;
  private long saved = System.nanoTime();

  private ProbeCheckpoint(Optional<Path> file, String key) {
    this.file = file;
    this.key = key;
  }

  /**
   * Of a protocol on sets with a seed, which all that is kept depends on.
   *
   * @param file empty to keep nothing
   */
  public static ProbeCheckpoint of(
      Optional<Path> file, Protocol protocol, FeatureSets sets, long seed) {
    // The key reads all features, which is for nothing where nothing is kept.
    return new ProbeCheckpoint(file, file.isEmpty() ? "" : ProgressKey.of(protocol, sets, seed));
  }

  /**
   * What was kept. One of another key or a broken one is not used, with a warning.
   *
   * @param type record of what {@link #save} was given
   * @param begun what now begins anew, as in {@code l2 is chosen from the start}
   */
  public <T> Optional<T> read(Class<T> type, String begun, Reporter reporter) {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    try {
      String json = checked(Files.readString(file.get()));
      if (RecordJson.parse(json, Key.class).key().equals(key)) {
        return Optional.of(RecordJson.parse(json, type));
      }
      reporter.line(file.get() + " is of other settings, data or versions: " + begun);
    } catch (NoSuchFileException e) {
      // The first time, or all was done.
    } catch (IOException e) {
      reporter.line(file.get() + " is broken and not used: " + begun);
    }
    return Optional.empty();
  }

  /** Whether the last save was some seconds ago. */
  public boolean due() {
    return file.isPresent() && System.nanoTime() - saved >= INTERVAL_NANOS;
  }

  /**
   * Brings what there is to the disk.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  public void save(Object kept) {
    if (file.isEmpty()) {
      return;
    }
    Path to = file.get().toAbsolutePath();
    String text = RecordJson.tree(kept).put("key", key).toString();
    ProbeResult.makeDirectory(Objects.requireNonNull(to.getParent()));
    DurableFiles.write(to, (Sha256.ofText(text) + "\n" + text).getBytes(StandardCharsets.UTF_8));
    saved = System.nanoTime();
  }

  private record Key(String key) {}

  /** The object that a text holds if its hash is right. */
  private static String checked(String text) throws IOException {
    String content = text.substring(Math.min(text.length(), HASH_LENGTH + 1));
    if (!text.startsWith(Sha256.ofText(content) + "\n")) {
      throw new IOException("the hash differs");
    }
    return content;
  }
}
