package simclr.data;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Features;
import simclr.io.TfRecordFile;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.Records.Shards.Part;

/** The images and labels of a TFDS split, read from its files and checked one by one. */
final class TfdsExamples {
  private final TfdsFeatures features;
  private final List<byte[]> images = new ArrayList<>();
  private final List<Long> labels = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
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
      int start = examples.labels.size();
      requireCount(part, examples.add(part, Long.MAX_VALUE));
      examples.requireAllOrNoLabels(part, start);
    }
    return examples;
  }

  /** Reads the first example of each stretch and nothing behind it. */
  static TfdsExamples peek(List<Part> parts, TfdsFeatures features) {
    TfdsExamples examples = new TfdsExamples(features);
    for (Part part : parts) {
      examples.add(
          new Part(part.file(), part.records(), part.from(), part.from() + 1), part.from() + 1);
    }
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

  /** One for each image; all of them -1 if any is, as in splits with and without labels. */
  List<Long> labels() {
    return labelled() ? labels : Collections.nCopies(labels.size(), Records.UNLABELLED);
  }

  /** One for each image; empty if they have none. */
  List<String> names() {
    return names.size() == images.size() ? names : List.of();
  }

  ImageCensus census() {
    return census;
  }

  /** Whether all examples have labels. */
  boolean labelled() {
    return !labels.contains(Records.UNLABELLED);
  }

  /** What to do with an example and the number of its record. */
  interface Visitor {
    void visit(long record, Features example);
  }

  /**
   * Reads a file up to record {@code end} or to its end, and visits the examples of the stretch.
   *
   * @return the number of records read
   */
  static long forEach(Part part, long end, Visitor visitor) {
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
  static byte[] image(Path file, long record, Features example, String name) {
    List<ByteString> values = feature(example, name).getBytesList().getValueList();
    if (values.size() != 1) {
      throw broken(
          file, record, "has " + values.size() + " byte strings in " + name + ", expected 1 image");
    }
    return values.get(0).toByteArray();
  }

  private static Features parse(Path file, long record, byte[] data) {
    try {
      return Example.parseFrom(data).getFeatures();
    } catch (InvalidProtocolBufferException e) {
      throw broken(file, record, "is no tf.train.Example");
    }
  }

  private long add(Part part, long end) {
    return forEach(part, end, (record, example) -> add(part.file(), record, example));
  }

  private void add(Path file, long record, Features example) {
    byte[] image = image(file, record, example, features.image());
    try {
      census.add(ImageHeader.of(image));
    } catch (ImageHeader.Unusable e) {
      throw broken(file, record, "has an image that " + e.getMessage());
    }
    images.add(image);
    labels.add(label(file, record, example));
    features.name().flatMap(name -> text(example, name)).ifPresent(names::add);
  }

  /** The text of a feature, if it is there once. */
  static Optional<String> text(Features example, String name) {
    List<ByteString> values = feature(example, name).getBytesList().getValueList();
    return values.size() == 1 ? Optional.of(values.get(0).toStringUtf8()) : Optional.empty();
  }

  /** The number of a feature; {@link Records#UNLABELLED} if it is not there once. */
  static long number(Features example, String name) {
    List<Long> values = feature(example, name).getInt64List().getValueList();
    return values.size() == 1 ? values.get(0) : Records.UNLABELLED;
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

  /** TFDS writes -1 where a split has no labels; in a file with labels it is a gap. */
  private void requireAllOrNoLabels(Part part, int start) {
    boolean labelled = labels.get(start) != Records.UNLABELLED;
    for (int i = start; i < labels.size(); i++) {
      if ((labels.get(i) != Records.UNLABELLED) != labelled) {
        throw broken(
            part.file(),
            part.from() + i - start,
            "has label "
                + labels.get(i)
                + ", expected labels in all records of a split or in none");
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
