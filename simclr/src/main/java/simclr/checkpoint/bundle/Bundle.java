package simclr.checkpoint.bundle;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.file.StandardOpenOption.READ;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.buffer.ByteDataBuffer;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A checkpoint on disk. Its index has been checked whole, against itself and against the lengths of
 * its data files; values are compared with their checksums as they are read.
 */
public final class Bundle {
  /** Some hundred times the index of the largest model here. */
  private static final int LARGEST_INDEX = 16 << 20;

  private static final int LARGEST_STRING = 256 << 20;

  private final Path prefix;
  private final int shards;
  private final ImmutableMap<String, BundleEntry> entries;

  private Bundle(Path prefix, BundleIndex index) {
    this.prefix = prefix;
    this.shards = index.shards();
    this.entries = Maps.uniqueIndex(index.entries(), BundleEntry::key);
  }

  /**
   * Reads and checks the index of a checkpoint, and that its data files are as long as it says.
   *
   * @param prefix path without {@code .index}, e.g. {@code model_dir/ckpt-310}
   * @throws UserException NO_INPUT if there is no such checkpoint, DATA if it is damaged
   */
  public static Bundle open(Path prefix) {
    Path index = BundleFiles.index(prefix);
    if (!Files.isRegularFile(index)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is missing, expected a checkpoint", index);
    }
    Bundle bundle;
    try {
      bundle = new Bundle(prefix, BundleIndex.parse(bytes(index)));
    } catch (DamagedException e) {
      throw new UserException(
          ExitCode.DATA, "%s is damaged (%s), expected a whole checkpoint", index, e.reason());
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", index, e);
    }
    bundle.checkDataFiles();
    return bundle;
  }

  /** The tensors by key, sorted. */
  public ImmutableMap<String, BundleEntry> entries() {
    return entries;
  }

  /**
   * Reads tensors of numbers or a single string into native memory, in the order of {@code keys}.
   * The caller closes the result.
   *
   * @throws UserException DATA if the values are damaged or of a type that Java does not have
   */
  public BundleTensors read(List<String> keys) {
    BundleTensors tensors = new BundleTensors();
    try (DataFiles files = new DataFiles()) {
      for (String key : keys) {
        tensors.add(read(files, entry(key)));
      }
      return tensors;
    } catch (RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  /**
   * Reads a tensor of one string.
   *
   * @throws UserException DATA if it is something else or damaged
   */
  public byte[] string(String key) {
    BundleEntry entry = entry(key);
    if (entry.type() != DataType.DT_STRING
        || entry.elements() != 1
        || entry.size() > LARGEST_STRING) {
      throw new UserException(
          ExitCode.DATA,
          "%s: tensor %s is %s of shape %s with %s bytes, expected one string of at most %s",
          prefix,
          Quoted.of(key),
          entry.type(),
          entry.shape(),
          entry.size(),
          LARGEST_STRING);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataFiles files = new DataFiles()) {
      files.read(entry, bytes::write);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads every value and compares checksums.
   *
   * @throws UserException DATA if one is damaged
   */
  public void verify() {
    try (DataFiles files = new DataFiles()) {
      for (BundleEntry entry : BundleIndex.inFileOrder(entries.values().asList())) {
        files.read(entry, (bytes, from, length) -> {});
      }
    }
  }

  @Override
  public String toString() {
    return prefix.toString();
  }

  private static byte[] bytes(Path index) throws IOException, DamagedException {
    try (InputStream in = Files.newInputStream(index)) {
      byte[] bytes = in.readNBytes(LARGEST_INDEX + 1);
      DamagedException.check(
          bytes.length <= LARGEST_INDEX, "it has more than %s bytes", LARGEST_INDEX);
      return bytes;
    }
  }

  private void checkDataFiles() {
    int shard = -1;
    long length = 0;
    for (BundleEntry entry : BundleIndex.inFileOrder(entries.values().asList())) {
      Path data = BundleFiles.data(prefix, entry.shard(), shards);
      if (entry.shard() != shard) {
        shard = entry.shard();
        length = length(data);
      }
      if (entry.end() > length) {
        throw new UserException(
            ExitCode.DATA,
            "%s is cut at tensor %s, which ends at byte %s of %s; expected a whole checkpoint",
            data,
            Quoted.of(entry.key()),
            entry.end(),
            length);
      }
    }
  }

  private long length(Path data) {
    if (!Files.isRegularFile(data)) {
      throw new UserException(
          ExitCode.DATA,
          "%s is missing, expected it beside %s",
          data,
          BundleFiles.index(prefix).getFileName());
    }
    try {
      return Files.size(data);
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", data, e);
    }
  }

  private BundleEntry entry(String key) {
    BundleEntry entry = entries.get(key);
    checkArgument(entry != null, "%s has no tensor %s", prefix, key);
    return entry;
  }

  private Tensor read(DataFiles files, BundleEntry entry) {
    if (entry.type() == DataType.DT_STRING && entry.shape().isScalar()) {
      return TString.tensorOfBytes(NdArrays.scalarOfObject(string(entry.key())));
    }
    Class<? extends TType> type =
        ElementTypes.javaType(entry.type())
            .orElseThrow(
                () ->
                    new UserException(
                        ExitCode.DATA,
                        "%s: tensor %s is of type %s, expected numbers that Java knows",
                        prefix,
                        Quoted.of(entry.key()),
                        entry.type()));
    Tensor tensor = Tensor.of(type, entry.shape());
    try {
      if (entry.size() == 0) {
        files.read(entry, (bytes, from, length) -> {});
        return tensor;
      }
      ByteDataBuffer target = tensor.asRawTensor().data();
      long[] at = {0};
      files.read(
          entry,
          (bytes, from, length) -> {
            target.offset(at[0]).write(bytes, from, length);
            at[0] += length;
          });
      return tensor;
    } catch (RuntimeException e) {
      tensor.close();
      throw e;
    }
  }

  /** The data file that was read last stays open. */
  private final class DataFiles implements AutoCloseable {
    private int shard = -1;
    private @Nullable FileChannel open;

    void read(BundleEntry entry, Values.Sink sink) {
      Path data = BundleFiles.data(prefix, entry.shard(), shards);
      try {
        if (open == null || shard != entry.shard()) {
          close();
          open = FileChannel.open(data, READ);
          shard = entry.shard();
        }
        Values.read(open, entry, sink);
      } catch (DamagedException e) {
        throw new UserException(
            ExitCode.DATA,
            "%s is damaged at tensor %s (%s), expected a whole checkpoint",
            data,
            Quoted.of(entry.key()),
            e.reason());
      } catch (IOException e) {
        throw new UserException(
            ExitCode.DATA, "%s cannot be read at tensor %s (%s)", data, Quoted.of(entry.key()), e);
      }
    }

    @Override
    public void close() {
      if (open != null) {
        try {
          open.close();
        } catch (IOException e) {
          throw new UserException(ExitCode.NO_INPUT, "%s cannot be closed (%s)", prefix, e);
        }
      }
    }
  }
}
