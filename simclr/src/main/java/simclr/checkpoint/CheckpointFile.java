package simclr.checkpoint;

import static com.google.common.collect.ImmutableMap.toImmutableMap;
import static simclr.checkpoint.CheckpointKeys.GLOBAL_STEP;
import static simclr.checkpoint.CheckpointKeys.OBJECT_GRAPH;
import static simclr.checkpoint.CheckpointKeys.key;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.bundle.Bundle;
import simclr.checkpoint.bundle.BundleFiles;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.Sha256;

/**
 * A checkpoint on disk, TF2 or TF1: {@code PREFIX.index} and {@code PREFIX.data-00000-of-00001}.
 * Knows tensors and keys, nothing of models.
 */
public final class CheckpointFile {
  private final Path prefix;
  private final Bundle bundle;
  private final ImmutableMap<String, Entry> entries;
  private final ImmutableMap<String, String> stored;

  private CheckpointFile(
      Path prefix,
      Bundle bundle,
      ImmutableMap<String, Entry> entries,
      ImmutableMap<String, String> stored) {
    this.prefix = prefix;
    this.bundle = bundle;
    this.entries = entries;
    this.stored = stored;
  }

  /** A tensor as the index lists it. */
  public record Entry(String key, DataType type, Shape shape) {
    /** The key without {@code /.ATTRIBUTES/VARIABLE_VALUE}. */
    public String path() {
      return CheckpointKeys.path(key);
    }
  }

  /**
   * Reads and checks the index of a checkpoint, not its values: {@link #verify()} does.
   *
   * @param prefix path without {@code .index}, e.g. {@code model_dir/ckpt-310}
   * @throws UserException NO_INPUT if there is no such checkpoint, DATA if the index is damaged or
   *     its data files are missing or cut
   */
  public static CheckpointFile open(Path prefix) {
    Bundle bundle = Bundle.open(prefix);
    ImmutableMap.Builder<String, Entry> entries = ImmutableMap.builder();
    bundle
        .entries()
        .forEach((key, entry) -> entries.put(key, new Entry(key, entry.type(), entry.shape())));
    return new CheckpointFile(prefix, bundle, entries.buildOrThrow(), ImmutableMap.of());
  }

  /**
   * The same tensors under other keys, for a file whose own are an accident.
   *
   * @param keys a tensor's key in this file by the one it is to have; tensors that are left out
   *     keep theirs
   */
  CheckpointFile renamed(ImmutableMap<String, String> keys) {
    ImmutableMap<String, String> newKeys =
        keys.entrySet().stream()
            .filter(key -> entries.containsKey(key.getValue()))
            .collect(toImmutableMap(Map.Entry::getValue, Map.Entry::getKey, (a, b) -> a));
    ImmutableMap.Builder<String, Entry> renamed = ImmutableMap.builder();
    entries.forEach(
        (key, entry) -> {
          String name = newKeys.getOrDefault(key, key);
          renamed.put(name, new Entry(name, entry.type(), entry.shape()));
        });
    return new CheckpointFile(
        prefix,
        bundle,
        renamed.buildOrThrow(),
        newKeys.entrySet().stream()
            .collect(toImmutableMap(Map.Entry::getValue, Map.Entry::getKey)));
  }

  /** How the file itself calls the tensor of a key. */
  private String stored(String key) {
    return stored.getOrDefault(key, key);
  }

  public Path prefix() {
    return prefix;
  }

  /** The tensors, sorted by key. */
  public ImmutableList<Entry> tensors() {
    return entries.values().asList();
  }

  /** Size of its files; a file of another program may have several shards. */
  public long bytes() {
    try {
      long bytes = Files.size(BundleFiles.index(prefix));
      for (Path shard : shards(prefix)) {
        bytes += Files.size(shard);
      }
      return bytes;
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", prefix, e);
    }
  }

  /**
   * What tells one checkpoint's weights from another's: SHA-256 of the data file, of several shards
   * one behind the other.
   *
   * @throws UserException DATA if it cannot be read
   */
  public static String sha256(Path prefix) {
    try {
      return Sha256.ofFiles(shards(prefix));
    } catch (IOException e) {
      throw new UserException(ExitCode.DATA, "%s cannot be read (%s)", prefix, e);
    }
  }

  /** The data files in order. */
  static ImmutableList<Path> shards(Path prefix) throws IOException {
    String data = prefix.getFileName() + ".data-";
    try (Stream<Path> siblings = Files.list(prefix.toAbsolutePath().resolveSibling("."))) {
      return siblings
          .filter(file -> file.getFileName().toString().startsWith(data))
          .sorted()
          .collect(ImmutableList.toImmutableList());
    }
  }

  /** The tensor of a key, the suffix included. */
  public Optional<Entry> find(String key) {
    return Optional.ofNullable(entries.get(key));
  }

  /** Whether this is a TF2 checkpoint; one of TF1 stores plain variable names. */
  public boolean isObjectBased() {
    return entries.containsKey(OBJECT_GRAPH);
  }

  /**
   * Reads tensors of numbers or a single string into native memory, in the order of {@code keys}.
   * The caller closes the result.
   *
   * @throws UserException DATA if a tensor is not there, or its values are damaged
   */
  public BundleTensors read(List<String> keys) {
    for (String key : keys) {
      check(entries.containsKey(key), "%s has no tensor %s, expected one", prefix, Quoted.of(key));
    }
    return bundle.read(keys.stream().map(this::stored).toList());
  }

  /**
   * The step that the run had reached.
   *
   * @throws UserException DATA if the checkpoint is not one of a run
   */
  public long step() {
    try (BundleTensors read = read(List.of(key(GLOBAL_STEP)))) {
      check(
          read.get(0) instanceof TInt64 && read.get(0).shape().isScalar(),
          "%s holds a global_step of type %s and shape %s, expected one int64",
          prefix,
          read.get(0).dataType(),
          read.get(0).shape());
      return ((TInt64) read.get(0)).getLong();
    }
  }

  /**
   * The objects that were saved, with the names of their variables.
   *
   * @throws UserException DATA if this is not a TF2 checkpoint
   */
  public TrackableObjectGraph objectGraph() {
    check(isObjectBased(), "%s has no tensor %s, expected one", prefix, OBJECT_GRAPH);
    try {
      return TrackableObjectGraph.parseFrom(bundle.string(OBJECT_GRAPH));
    } catch (InvalidProtocolBufferException e) {
      throw new UserException(
          ExitCode.DATA, "%s: %s cannot be parsed (%s)", prefix, OBJECT_GRAPH, e);
    }
  }

  /**
   * Reads every value and compares it with the checksums of the index. Memory holds little of them
   * at a time.
   *
   * @throws UserException DATA if the data file is missing, cut or altered
   */
  public void verify() {
    bundle.verify();
  }

  @Override
  public String toString() {
    return prefix.toString();
  }

  private static void check(boolean holds, String template, Object... args) {
    if (!holds) {
      throw new UserException(ExitCode.DATA, template, args);
    }
  }
}
