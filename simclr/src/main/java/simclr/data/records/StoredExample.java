package simclr.data.records;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Features;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Records.Shards.Part;
import simclr.io.TfRecordFile;

/** A {@code tf.train.Example} in a record of a TFRecord file: how it is read, and its features. */
public final class StoredExample {
  private StoredExample() {}

  /** What to do with an example and the number of its record. */
  public interface Visitor {
    void visit(long record, Features example);
  }

  /**
   * Reads a file up to record {@code end} or to its end, and visits the examples of the stretch.
   *
   * @return the number of records read
   */
  public static long forEach(Part part, long end, Visitor visitor) {
    try (TfRecordFile file = TfRecordFile.open(part.file())) {
      while (file.records() < end) {
        long record = file.records();
        byte[] data = file.next();
        if (data == null) {
          break;
        }
        if (record >= part.from() && record < part.to()) {
          visitor.visit(record, parse(part.file(), record, data));
        }
      }
      return file.records();
    }
  }

  /** The bytes of the one image that an example must have. */
  public static byte[] image(Path file, long record, Features example, String name) {
    List<ByteString> values = feature(example, name).getBytesList().getValueList();
    if (values.size() != 1) {
      throw broken(
          file, record, "has " + values.size() + " byte strings in " + name + ", expected 1 image");
    }
    return values.get(0).toByteArray();
  }

  /** Reads the bytes of a record. */
  public static Features parse(Path file, long record, byte[] data) {
    try {
      return Example.parseFrom(data).getFeatures();
    } catch (InvalidProtocolBufferException e) {
      throw broken(file, record, "is not a tf.train.Example");
    }
  }

  /** The text of a feature, if it is there once. */
  public static Optional<String> text(Features example, String name) {
    List<ByteString> values = feature(example, name).getBytesList().getValueList();
    return values.size() == 1 ? Optional.of(values.get(0).toStringUtf8()) : Optional.empty();
  }

  /** The number of a feature; {@link Records#UNLABELLED} if it is not there once. */
  static long number(Features example, String name) {
    List<Long> values = integers(example, name);
    return values.size() == 1 ? values.get(0) : Records.UNLABELLED;
  }

  /** The numbers of a feature; none if it is not there. */
  public static List<Long> integers(Features example, String name) {
    return feature(example, name).getInt64List().getValueList();
  }

  private static Feature feature(Features example, String name) {
    return example.getFeatureOrDefault(name, Feature.getDefaultInstance());
  }

  /** The error of a record, from 0, of which {@code what} is the predicate. */
  public static UserException broken(Path file, long record, String what) {
    return new UserException(ExitCode.DATA, "%s: record %s %s", file, record, what);
  }
}
