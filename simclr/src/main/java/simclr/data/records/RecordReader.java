package simclr.data.records;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.io.ParseSingleExample;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.EncodedImages;
import simclr.data.image.Encoding;
import simclr.data.image.ImageDecoding;
import simclr.data.records.Records.Shards.Part;
import simclr.io.TfRecordFile;

/**
 * Examples in TFRecord files too large for memory. Of each record its file and offset are kept (12
 * bytes), so that the graph reads it where it lies when its turn comes.
 *
 * <p>That costs 66 microseconds of CPU time a record, a hundredth of what decoding a photograph
 * does, and buys a full permutation in every epoch and resuming without reading anything again,
 * where a shuffle buffer gives neither. Disks that cannot seek pay more.
 */
final class RecordReader implements ExampleReader {
  private final Split split;
  private final Records.Shards shards;
  private final TString paths;
  private final TInt32 parts;
  private final TInt64 offsets;

  private RecordReader(
      Split split, Records.Shards shards, TString paths, TInt32 parts, TInt64 offsets) {
    this.split = split;
    this.shards = shards;
    this.paths = paths;
    this.parts = parts;
    this.offsets = offsets;
  }

  /**
   * Finds where the records begin, by their headers.
   *
   * @throws UserException if a file cannot be read or its framing is broken
   */
  static RecordReader of(Split split, Records.Shards shards) {
    int examples = Math.toIntExact(shards.examples());
    int[] parts = new int[examples];
    long[] offsets = new long[examples];
    int example = 0;
    // A subset has many parts in one file, one behind the other.
    @Nullable Path read = null;
    long[] inFile = {};
    for (int i = 0; i < shards.parts().size(); i++) {
      Part part = shards.parts().get(i);
      if (!part.file().equals(read)) {
        inFile = TfRecordFile.offsets(part.file(), end(shards.parts(), i));
        read = part.file();
      }
      for (long record = part.from(); record < part.to(); record++) {
        parts[example] = i;
        offsets[example] = inFile[Math.toIntExact(record)];
        example++;
      }
    }
    String[] paths =
        shards.parts().stream().map(Part::file).map(Path::toString).toArray(String[]::new);
    return new RecordReader(
        split, shards, TString.vectorOf(paths), TInt32.vectorOf(parts), TInt64.vectorOf(offsets));
  }

  /** Behind the last record that the parts from {@code first} on want of its file. */
  private static long end(List<Part> parts, int first) {
    long end = 0;
    for (Part part : parts.subList(first, parts.size())) {
      if (!part.file().equals(parts.get(first).file())) {
        break;
      }
      end = Math.max(end, part.to());
    }
    return end;
  }

  @Override
  public ImmutableList<TType> tensors() {
    return ImmutableList.of(paths, parts, offsets);
  }

  @Override
  public Decoded read(Ops tf, Operand<TInt64> index, List<Operand<?>> captured) {
    Operand<TInt64> axis = tf.constant(0L);
    Operand<TInt32> part = tf.gather(captured.get(1).asOutput().expect(TInt32.class), index, axis);
    Operand<TString> path = tf.gather(captured.get(0).asOutput().expect(TString.class), part, axis);
    Operand<TInt64> offset =
        tf.gather(captured.get(2).asOutput().expect(TInt64.class), index, axis);
    return parse(tf, recordAt(tf, path, offset));
  }

  @Override
  public String name(long index) {
    return name(part(index).file(), record(index));
  }

  @Override
  public UserException broken(long index, RuntimeException failure) {
    return broken(part(index).file(), record(index), failure);
  }

  private Part part(long index) {
    return shards.parts().get(parts.getInt(index));
  }

  private long record(long index) {
    long firstOfPart = index;
    while (firstOfPart > 0 && parts.getInt(firstOfPart - 1) == parts.getInt(index)) {
      firstOfPart--;
    }
    return part(index).from() + index - firstOfPart;
  }

  private static String name(Path file, long record) {
    return String.format(Locale.ROOT, "%s: record %s", file, record);
  }

  private UserException broken(Path path, long record, RuntimeException failure) {
    try (TfRecordFile file = TfRecordFile.open(path)) {
      while (file.records() < record) {
        file.next();
      }
      byte[] data = file.next();
      String name = name(path, record);
      return data == null
          ? new UserException(ExitCode.DATA, "%s is gone, it was there at the start", name)
          : broken(name, Example.parseFrom(data), failure);
    } catch (InvalidProtocolBufferException e) {
      return new UserException(
          ExitCode.DATA, "%s: record %s is not a tf.train.Example", path, record);
    } catch (UserException e) {
      return e;
    }
  }

  private UserException broken(String name, Example example, RuntimeException failure) {
    String feature = shards.labelFeature().orElse("");
    Feature label =
        example.getFeatures().getFeatureOrDefault(feature, Feature.getDefaultInstance());
    if (split.labelled() && label.getInt64List().getValueCount() == 1) {
      long value = label.getInt64List().getValue(0);
      if (value < 0 || value >= split.numClasses()) {
        return new UserException(
            ExitCode.DATA,
            "%s has %s %s, expected 0 to %s",
            name,
            feature,
            value,
            split.numClasses() - 1);
      }
    }
    return EncodedImages.undecodable(name, failure);
  }

  @Override
  public void close() {
    paths.close();
    parts.close();
    offsets.close();
  }

  /** One record of a file. Its checksums are verified, and nothing is read ahead. */
  private static Operand<TString> recordAt(Ops tf, Operand<TString> file, Operand<TInt64> offset) {
    Operand<TInt32> one = tf.array(1);
    List<Class<? extends TType>> types = ImmutableList.of(TString.class);
    List<Shape> shapes = ImmutableList.of(Shape.scalar());
    Operand<? extends TType> fromThere =
        tf.data.tfRecordDataset(
            tf.reshape(file, one), tf.constant(""), tf.constant(0L), tf.reshape(offset, one));
    Operand<? extends TType> first = tf.data.takeDataset(fromThere, tf.constant(1L), types, shapes);
    Output<?> record = tf.data.datasetToSingleElement(first, types, shapes).components().get(0);
    return record.expect(TString.class);
  }

  private Decoded parse(Ops tf, Operand<TString> record) {
    ImmutableList.Builder<Operand<?>> defaults = ImmutableList.builder();
    ImmutableList.Builder<String> keys = ImmutableList.builder();
    ImmutableList.Builder<Shape> shapes = ImmutableList.builder();
    // A default without elements says that the feature must be there.
    defaults.add(tf.slice(tf.array(""), tf.array(0), tf.array(0)));
    keys.add(shards.imageFeature());
    shapes.add(Shape.scalar());
    shards
        .labelFeature()
        .ifPresent(
            feature -> {
              defaults.add(tf.array(new long[0]));
              keys.add(feature);
              shapes.add(Shape.scalar());
            });
    List<Output<?>> values =
        ParseSingleExample.create(
                tf.scope(),
                record,
                defaults.build(),
                0L,
                ImmutableList.of(),
                keys.build(),
                ImmutableList.of(),
                shapes.build())
            .denseValues();
    Operand<TString> image = values.get(0).expect(TString.class);
    return new Decoded(
        ImageDecoding.decode(tf, image, new Encoding.Compressed()),
        shards.labelFeature().isPresent()
            ? checked(tf, values.get(1).expect(TInt64.class))
            : tf.constant(Records.UNLABELLED));
  }

  private Operand<TInt64> checked(Ops tf, Operand<TInt64> label) {
    Operand<TBool> inRange =
        tf.math.logicalAnd(
            tf.math.greaterEqual(label, tf.constant(0L)),
            tf.math.less(label, tf.constant((long) split.numClasses())));
    Op check = tf.assertThat(inRange, ImmutableList.of(tf.constant("label"), label));
    return tf.withControlDependencies(check).identity(label);
  }
}
