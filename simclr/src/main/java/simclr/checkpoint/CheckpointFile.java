package simclr.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableMap.toImmutableMap;
import static simclr.checkpoint.CheckpointKeys.GLOBAL_STEP;
import static simclr.checkpoint.CheckpointKeys.OBJECT_GRAPH;
import static simclr.checkpoint.CheckpointKeys.key;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Iterables;
import com.google.common.collect.Maps;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.graph.GraphOps;
import simclr.io.Sha256;

/**
 * A checkpoint on disk, TF2 or TF1: {@code PREFIX.index} and {@code PREFIX.data-00000-of-00001}.
 * Knows tensors and keys, nothing of models.
 */
public final class CheckpointFile {
  private static final int READ_AT_ONCE = 256;

  private final Path prefix;
  private final ImmutableMap<String, Entry> entries;
  private final ImmutableMap<String, String> stored;

  private CheckpointFile(
      Path prefix, ImmutableMap<String, Entry> entries, ImmutableMap<String, String> stored) {
    this.prefix = prefix;
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
   * Reads the index of a checkpoint, not its tensors: {@link #verify()} does.
   *
   * @param prefix path without {@code .index}, e.g. {@code model_dir/ckpt-310}
   * @throws UserException NO_INPUT if there is no such checkpoint, DATA if the index is cut or
   *     corrupt
   */
  public static CheckpointFile open(Path prefix) {
    Path index = index(prefix);
    if (!Files.isRegularFile(index)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is missing, expected a checkpoint", index);
    }
    try {
      ImmutableList<Entry> list = IndexReader.list(prefix.toString());
      return new CheckpointFile(prefix, Maps.uniqueIndex(list, Entry::key), ImmutableMap.of());
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw new UserException(
          ExitCode.DATA, "%s is torn (%s), expected a whole checkpoint", index, reason(e));
    }
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
        renamed.buildOrThrow(),
        newKeys.entrySet().stream()
            .collect(toImmutableMap(Map.Entry::getValue, Map.Entry::getKey)));
  }

  /** How the file itself calls the tensor of a key. */
  String stored(String key) {
    return stored.getOrDefault(key, key);
  }

  static Path index(Path prefix) {
    return prefix.resolveSibling(prefix.getFileName() + ".index");
  }

  /** The data file; nothing here writes more than one shard. */
  static Path data(Path prefix) {
    return prefix.resolveSibling(prefix.getFileName() + ".data-00000-of-00001");
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
      long bytes = Files.size(index(prefix));
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
   * Reads tensors into native memory, in the order of {@code keys}. The caller closes the result.
   *
   * @throws UserException DATA if a tensor is not there, or its data are torn
   */
  public Result read(List<String> keys) {
    for (String key : keys) {
      check(entries.containsKey(key), "%s has no tensor %s, expected one", prefix, key);
    }
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Operation restore = restoreOp(graph, keys);
      Session.Runner runner = session.runner();
      for (int i = 0; i < keys.size(); i++) {
        runner.fetch(restore.output(i));
      }
      return runner.run();
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw torn(keys, e);
    }
  }

  /**
   * The step that the run had reached.
   *
   * @throws UserException DATA if the checkpoint is not one of a run
   */
  public long step() {
    try (Result read = read(List.of(key(GLOBAL_STEP)))) {
      check(
          read.get(0) instanceof TInt64,
          "%s holds a global_step of type %s, expected int64",
          prefix,
          read.get(0).dataType());
      return ((TInt64) read.get(0)).getLong();
    }
  }

  /**
   * The objects that were saved, with the names of their variables.
   *
   * @throws UserException DATA if this is not a TF2 checkpoint
   */
  public TrackableObjectGraph objectGraph() {
    try (Result read = read(List.of(OBJECT_GRAPH))) {
      return TrackableObjectGraph.parseFrom(((TString) read.get(0)).asBytes().getObject());
    } catch (InvalidProtocolBufferException e) {
      throw new UserException(
          ExitCode.DATA, "%s: %s cannot be parsed (%s)", prefix, OBJECT_GRAPH, e);
    }
  }

  /**
   * Reads every byte, which TensorFlow checks against the checksums of the index. The tensors are
   * dropped as they come, so memory holds few of them at a time.
   *
   * @throws UserException DATA if the data file is missing, cut or altered
   */
  public void verify() {
    for (List<String> keys : Iterables.partition(entries.keySet(), READ_AT_ONCE)) {
      try {
        readAndDrop(keys);
      } catch (TensorFlowException | TFInvalidArgumentException e) {
        throw torn(keys, e);
      }
    }
  }

  @Override
  public String toString() {
    return prefix.toString();
  }

  private void readAndDrop(List<String> keys) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Session.Runner runner = session.runner();
      for (String key : keys) {
        runner.addTarget(restoreOp(graph, List.of(key)));
      }
      runner.run().close();
    }
  }

  /** By the raw builder, since the typed one knows no Java class for some types of tensors. */
  private Operation restoreOp(Graph graph, List<String> keys) {
    checkArgument(!keys.isEmpty(), "no tensors to read from %s", prefix);
    Ops tf = GraphOps.of(graph);
    String[] wholeTensors = new String[keys.size()];
    Arrays.fill(wholeTensors, "");
    DataType[] types = keys.stream().map(key -> entry(key).type()).toArray(DataType[]::new);
    String name = tf.scope().makeOpName("RestoreV2");
    return graph
        .opBuilder("RestoreV2", name, tf.scope())
        .addInput(tf.constant(prefix.toString()).asOutput())
        .addInput(
            tf.constant(
                    NdArrays.vectorOfObjects(
                        keys.stream().map(this::stored).toArray(String[]::new)))
                .asOutput())
        .addInput(tf.constant(NdArrays.vectorOfObjects(wholeTensors)).asOutput())
        .setAttr("dtypes", types)
        .build();
  }

  private Entry entry(String key) {
    Entry entry = entries.get(key);
    checkArgument(entry != null, "%s has no tensor %s", prefix, key);
    return entry;
  }

  /** Names the first of {@code keys} that cannot be read alone. */
  UserException torn(List<String> keys, RuntimeException cause) {
    Path data = data(prefix);
    if (!Files.exists(data) && reason(cause).contains("No such file")) {
      return new UserException(
          ExitCode.DATA, "%s is missing, expected it beside %s", data, index(prefix).getFileName());
    }
    for (String key : keys) {
      try {
        readAndDrop(List.of(key));
      } catch (TensorFlowException | TFInvalidArgumentException e) {
        return new UserException(
            ExitCode.DATA,
            "%s is torn at tensor %s (%s), expected a whole checkpoint",
            data,
            CheckpointKeys.path(key),
            reason(e));
      }
    }
    return new UserException(ExitCode.DATA, "%s cannot be read (%s)", data, reason(cause));
  }

  /** TensorFlow's message without the graph nodes that follow in later lines. */
  static String reason(RuntimeException e) {
    return Splitter.on('\n').split(String.valueOf(e.getMessage())).iterator().next();
  }

  private static void check(boolean holds, String template, Object... args) {
    if (!holds) {
      throw new UserException(ExitCode.DATA, template, args);
    }
  }
}
