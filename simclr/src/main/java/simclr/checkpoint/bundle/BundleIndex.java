package simclr.checkpoint.bundle;

import static java.util.Comparator.comparingInt;
import static simclr.checkpoint.bundle.DamagedException.check;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.BundleEntryProto;
import org.tensorflow.proto.BundleHeaderProto;
import org.tensorflow.proto.BundleHeaderProto.Endianness;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.proto.VersionDef;
import simclr.config.Quoted;

/**
 * What an index file says: a table whose empty key holds the header, every other one a tensor.
 *
 * @param shards number of data files
 * @param entries sorted by key
 */
record BundleIndex(int shards, ImmutableList<BundleEntry> entries) {
  /** What this reads and TensorFlow writes. */
  private static final int VERSION = 1;

  /** TensorFlow's own limit. */
  private static final int MOST_DIMENSIONS = 254;

  private static final int MOST_TENSORS = 100_000;

  /** Reads the bytes of an index file. */
  static BundleIndex parse(byte[] file) throws DamagedException {
    Reading reading = new Reading();
    Table.read(file, reading);
    check(reading.shards > 0, "it has no header");
    ImmutableList<BundleEntry> entries = reading.entries.build();
    checkOverlaps(entries);
    return new BundleIndex(reading.shards, entries);
  }

  private static final class Reading implements Table.Rows {
    private final ImmutableList.Builder<BundleEntry> entries = ImmutableList.builder();
    private int shards;
    private int tensors;

    @Override
    public void row(byte[] key, byte[] value) throws DamagedException {
      if (shards == 0) {
        check(key.length == 0, "it has no header");
        shards = shards(value);
        return;
      }
      check(++tensors <= MOST_TENSORS, "it lists more than %s tensors", MOST_TENSORS);
      entries.add(entry(name(key), value, shards));
    }
  }

  private static int shards(byte[] value) throws DamagedException {
    BundleHeaderProto header;
    try {
      header = BundleHeaderProto.parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      throw new DamagedException("its header cannot be parsed");
    }
    check(header.getNumShards() > 0, "its header claims %s data files", header.getNumShards());
    check(header.getEndianness() == Endianness.LITTLE, "its header asks for another byte order");
    VersionDef version = header.getVersion();
    check(
        version.getProducer() >= 0
            && version.getMinConsumer() <= VERSION
            && !version.getBadConsumersList().contains(VERSION),
        "its header asks for a reader of version %s, this is %s",
        version.getMinConsumer(),
        VERSION);
    return header.getNumShards();
  }

  private static String name(byte[] key) throws DamagedException {
    try {
      String name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(key)).toString();
      check(name.indexOf('\0') < 0, "the name %s has a zero byte", Quoted.of(name));
      return name;
    } catch (CharacterCodingException e) {
      throw new DamagedException(
          "the name %s is not UTF-8", Quoted.of(new String(key, StandardCharsets.ISO_8859_1)));
    }
  }

  private static BundleEntry entry(String key, byte[] value, int shards) throws DamagedException {
    BundleEntryProto entry;
    try {
      entry = BundleEntryProto.parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      throw new DamagedException("the entry of tensor %s cannot be parsed", Quoted.of(key));
    }
    check(
        ElementTypes.isKnown(entry.getDtype()),
        "tensor %s is of type %s, which checkpoints do not have",
        Quoted.of(key),
        entry.getDtype() == DataType.UNRECOGNIZED ? entry.getDtypeValue() : entry.getDtype());
    check(
        entry.getSlicesCount() == 0,
        "tensor %s is stored in slices, which only TensorFlow reads",
        Quoted.of(key));
    check(
        entry.getShardId() >= 0 && entry.getShardId() < shards,
        "tensor %s is in data file %s of %s",
        Quoted.of(key),
        entry.getShardId(),
        shards);
    check(
        entry.getOffset() >= 0
            && entry.getSize() >= 0
            && entry.getSize() <= Long.MAX_VALUE - entry.getOffset(),
        "tensor %s has %s bytes at offset %s",
        Quoted.of(key),
        entry.getSize(),
        entry.getOffset());
    long[] dimensions = dimensions(key, entry.getShape());
    checkSize(key, entry, dimensions);
    return new BundleEntry(
        key,
        entry.getDtype(),
        Shape.of(dimensions),
        entry.getShardId(),
        entry.getOffset(),
        entry.getSize(),
        entry.getCrc32C());
  }

  private static long[] dimensions(String key, TensorShapeProto shape) throws DamagedException {
    check(!shape.getUnknownRank(), "tensor %s has no shape", Quoted.of(key));
    check(
        shape.getDimCount() <= MOST_DIMENSIONS,
        "tensor %s has %s dimensions, more than %s",
        Quoted.of(key),
        shape.getDimCount(),
        MOST_DIMENSIONS);
    long[] dimensions =
        shape.getDimList().stream().mapToLong(TensorShapeProto.Dim::getSize).toArray();
    for (long dimension : dimensions) {
      check(dimension >= 0, "tensor %s has a dimension of %s", Quoted.of(key), dimension);
    }
    return dimensions;
  }

  private static void checkSize(String key, BundleEntryProto entry, long[] dimensions)
      throws DamagedException {
    try {
      long elements = Arrays.stream(dimensions).reduce(1, Math::multiplyExact);
      check(
          ElementTypes.fits(entry.getDtype(), elements, entry.getSize()),
          "tensor %s of type %s has %s elements in %s bytes",
          Quoted.of(key),
          entry.getDtype(),
          elements,
          entry.getSize());
    } catch (ArithmeticException e) {
      throw new DamagedException("tensor %s has more elements than 2^63", Quoted.of(key));
    }
  }

  /** Two tensors over the same bytes would make a small file a large checkpoint. */
  private static void checkOverlaps(List<BundleEntry> entries) throws DamagedException {
    BundleEntry before = null;
    for (BundleEntry entry : inFileOrder(entries)) {
      check(
          before == null || before.shard() != entry.shard() || before.end() <= entry.offset(),
          "tensor %s overlaps tensor %s",
          Quoted.of(entry.key()),
          before == null ? "" : Quoted.of(before.key()));
      before = entry;
    }
  }

  /** In the order of their values, to read files from start to end. */
  static ImmutableList<BundleEntry> inFileOrder(List<BundleEntry> entries) {
    return ImmutableList.sortedCopyOf(
        comparingInt(BundleEntry::shard)
            .thenComparingLong(BundleEntry::offset)
            .thenComparingLong(BundleEntry::size),
        entries);
  }
}
