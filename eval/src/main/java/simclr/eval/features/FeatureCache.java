package simclr.eval.features;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Streams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.tensorflow.TensorFlow;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Split;
import simclr.io.DirectoryLock;
import simclr.io.DurableFiles;
import simclr.io.ResumableNpyWriter;
import simclr.io.Sha256;
import simclr.io.WholeFile;

/**
 * The directory of one split as one encoder sees it.
 *
 * <pre>
 *   LAYER.npy, labels.npy              whole
 *   LAYER.npy.part, progress.json      of an extraction that was stopped: the rows that are on disk
 *   features.json                      what the directory belongs to, and what was verified
 * </pre>
 *
 * <p>Its name carries a hash of everything that the features depend on: the encoder's weights, the
 * examples, their preprocessing and the number formats. Another encoder has another directory, so
 * that nothing stale is ever read.
 */
final class FeatureCache implements AutoCloseable {
  private static final String ABOUT = "features.json";
  private static final String PROGRESS = "progress.json";
  private static final String LABELS = "labels";
  private static final int NAME_DIGITS = 16;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final String key;
  private final DirectoryLock lock;

  private FeatureCache(Path directory, String key, DirectoryLock lock) {
    this.directory = directory;
    this.key = key;
    this.lock = lock;
  }

  /** What the features of a split depend on. */
  static String key(
      String encoderDigest, DataDigest data, Split split, RunConfig config, FeatureDtype dtype) {
    String all =
        String.join(
            "\n",
            "encoder " + encoderDigest,
            "data " + data.sha256(),
            "split " + split.name() + " " + split.examples(),
            "evaluation's preprocessing, image_size " + config.imageSize(),
            "computed in " + config.precision() + " by TensorFlow " + TensorFlow.version(),
            "stored as " + dtype);
    return Sha256.ofText(all);
  }

  /**
   * Opens, or makes, the directory for a key.
   *
   * @throws UserException IN_USE if another process extracts into it, CANNOT_WRITE
   */
  static FeatureCache open(Path features, Split split, String key) {
    String name = split.name().replaceAll("[^A-Za-z0-9]+", "_");
    Path directory = features.resolve(name + "-" + key.substring(0, NAME_DIGITS));
    try {
      Files.createDirectories(directory);
      FeatureCache cache = new FeatureCache(directory, key, DirectoryLock.acquire(directory));
      cache.clearIfForeign();
      cache.clearLeftovers();
      return cache;
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be made (%s)", directory, e);
    }
  }

  Path file(String layer) {
    return directory.resolve(layer + ".npy");
  }

  Path labels() {
    return file(LABELS);
  }

  /**
   * Those of the layers whose file is not there yet; all where the first extraction did not end.
   */
  ImmutableList<String> missing(List<String> layers) {
    if (about().isEmpty()) {
      return ImmutableList.copyOf(layers);
    }
    return layers.stream()
        .filter(layer -> !Files.exists(file(layer)))
        .collect(ImmutableList.toImmutableList());
  }

  /** The rows that a stopped extraction of the same layers left on disk, in batches as then. */
  OptionalLong progress(List<String> layers, int batch) {
    Optional<JsonNode> stored = read(PROGRESS);
    if (stored.isEmpty()
        || stored.get().path("batch").asInt() != batch
        || !stored.get().path("layers").equals(JSON.valueToTree(layers))) {
      return OptionalLong.empty();
    }
    long rows = stored.get().path("rows").asLong();
    boolean there =
        layers.stream().allMatch(layer -> Files.exists(ResumableNpyWriter.aside(file(layer))));
    return there && rows > 0 ? OptionalLong.of(rows) : OptionalLong.empty();
  }

  /** Notes how many rows are on disk. */
  void note(List<String> layers, int batch, long rows) {
    ObjectNode progress = JSON.createObjectNode();
    progress.put("rows", rows).put("batch", batch);
    progress.set("layers", JSON.valueToTree(layers));
    DurableFiles.write(directory.resolve(PROGRESS), progress.toString().getBytes(UTF_8));
  }

  /** Ends an extraction: its files are in their places. */
  void finish(ObjectNode about) {
    about.put("key", key);
    DurableFiles.write(directory.resolve(ABOUT), about.toString().getBytes(UTF_8));
    delete(PROGRESS);
  }

  /** What {@link #finish} wrote. */
  Optional<JsonNode> about() {
    return read(ABOUT);
  }

  @Override
  public void close() {
    lock.close();
  }

  /** The name has a part of the key only: what belongs to another key goes. */
  private void clearIfForeign() throws IOException {
    Optional<JsonNode> about = about();
    if (about.isPresent() && !about.get().path("key").asText().equals(key)) {
      try (var files = Files.list(directory)) {
        for (Path file : files.filter(f -> !f.endsWith(DirectoryLock.FILE)).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** Of killed processes: files under temporary names, and the progress of what is whole by now. */
  private void clearLeftovers() {
    DurableFiles.removeAbandoned(directory);
    boolean over =
        read(PROGRESS).stream()
            .flatMap(progress -> Streams.stream(progress.path("layers")))
            .map(layer -> ResumableNpyWriter.aside(file(layer.asText())))
            .anyMatch(Files::notExists);
    if (over) {
      delete(PROGRESS);
    }
  }

  private Optional<JsonNode> read(String name) {
    try {
      return Optional.of(JSON.readTree(WholeFile.bytes(directory.resolve(name))));
    } catch (IOException e) {
      // Not there, or half of it: then it is made again.
      return Optional.empty();
    }
  }

  private void delete(String name) {
    try {
      Files.deleteIfExists(directory.resolve(name));
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be cleared (%s)", directory, e);
    }
  }
}
