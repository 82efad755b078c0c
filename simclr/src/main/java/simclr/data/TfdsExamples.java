package simclr.data;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Features;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.Records.Shards.Part;

/** The images and labels of a TFDS split, read from its files and checked one by one. */
final class TfdsExamples {
  private final TfdsFeatures features;
  private final List<byte[]> images = new ArrayList<>();
  private final List<Long> labels = new ArrayList<>();
  private final ImageCensus census = new ImageCensus();

  private TfdsExamples(TfdsFeatures features) {
    this.features = features;
  }

  /**
   * Reads stretches of files. Every record of the files is checked against its checksums, those
   * outside of the stretches too.
   *
   * @throws UserException (data) if a file has other than the promised number of records, or a
   *     record is broken, has no image that can be decoded, or a label out of range
   */
  static TfdsExamples read(List<Part> parts, TfdsFeatures features) {
    TfdsExamples examples = new TfdsExamples(features);
    for (Part part : parts) {
      requireCount(part, examples.add(part, Long.MAX_VALUE));
    }
    examples.requireAllOrNoLabels(parts);
    return examples;
  }

  /** Reads a stretch and nothing behind it. */
  static TfdsExamples peek(Part part, TfdsFeatures features) {
    TfdsExamples examples = new TfdsExamples(features);
    examples.add(part, part.to());
    return examples;
  }

  /** Fails unless a file has as many records as {@code dataset_info.json} says. */
  static void requireCount(Part part, long records) {
    if (records != part.records()) {
      throw new UserException(
          ExitCode.DATA,
          "%s has %s records, expected %s as dataset_info.json says",
          part.file(),
          records,
          part.records());
    }
  }

  List<byte[]> images() {
    return images;
  }

  List<Long> labels() {
    return labels;
  }

  ImageCensus census() {
    return census;
  }

  /** Whether the examples have labels: the data set has a label, and it is not -1. */
  boolean labelled() {
    return labels.get(0) != Records.UNLABELLED;
  }

  /** Reads up to {@code end} or the end of the file; returns the number of records read. */
  private long add(Part part, long end) {
    try (TfRecordFile file = TfRecordFile.open(part.file())) {
      while (file.records() < end) {
        long record = file.records();
        byte[] data = file.next();
        if (data == null) {
          break;
        }
        if (record >= part.from() && record < part.to()) {
          add(part.file(), record, data);
        }
      }
      return file.records();
    }
  }

  private void add(Path file, long record, byte[] data) {
    Features example;
    try {
      example = Example.parseFrom(data).getFeatures();
    } catch (InvalidProtocolBufferException e) {
      throw broken(file, record, "is no tf.train.Example");
    }
    byte[] image = image(file, record, example);
    try {
      census.add(ImageHeader.of(image));
    } catch (ImageHeader.Unusable e) {
      throw broken(file, record, "has an image that " + e.getMessage());
    }
    images.add(image);
    labels.add(label(file, record, example));
  }

  private byte[] image(Path file, long record, Features example) {
    List<ByteString> values = feature(example, features.image()).getBytesList().getValueList();
    if (values.size() != 1) {
      throw broken(
          file,
          record,
          "has " + values.size() + " byte strings in " + features.image() + ", expected 1 image");
    }
    return values.get(0).toByteArray();
  }

  private long label(Path file, long record, Features example) {
    if (features.label().isEmpty()) {
      return Records.UNLABELLED;
    }
    String name = features.label().get();
    List<Long> values = feature(example, name).getInt64List().getValueList();
    if (values.size() != 1) {
      throw broken(
          file, record, "has " + values.size() + " integers in " + name + ", expected 1 label");
    }
    long label = values.get(0);
    int classes = features.labelNames().size();
    if (label < Records.UNLABELLED || label >= classes) {
      throw broken(file, record, "has " + name + " " + label + ", expected 0 to " + (classes - 1));
    }
    return label;
  }

  /** TFDS writes -1 where a split has no labels; in a split with labels it is a gap. */
  private void requireAllOrNoLabels(List<Part> parts) {
    int example = 0;
    for (Part part : parts) {
      for (long record = part.from(); record < part.to(); record++) {
        long label = labels.get(example++);
        if ((label != Records.UNLABELLED) != labelled()) {
          throw broken(
              part.file(),
              record,
              "has label " + label + ", expected labels in all records of a split or in none");
        }
      }
    }
  }

  private static Feature feature(Features example, String name) {
    return example.getFeatureOrDefault(name, Feature.getDefaultInstance());
  }

  private static UserException broken(Path file, long record, String what) {
    return new UserException(ExitCode.DATA, "%s: record %s %s", file, record, what);
  }
}
