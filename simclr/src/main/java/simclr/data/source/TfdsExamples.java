package simclr.data.source;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tensorflow.proto.Features;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.ImageCensus;
import simclr.data.image.ImageHeader;
import simclr.data.records.Records;
import simclr.data.records.Records.Shards.Part;
import simclr.data.records.StoredExample;

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
  static TfdsExamples read(List<Part> parts, TfdsFeatures features, ScanStop stop) {
    TfdsExamples examples = new TfdsExamples(features);
    for (Part part : parts) {
      stop.check();
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

  private long add(Part part, long end) {
    return StoredExample.forEach(part, end, (record, example) -> add(part.file(), record, example));
  }

  private void add(Path file, long record, Features example) {
    Checked checked = check(file, record, example, features);
    census.add(checked.header());
    images.add(checked.image());
    labels.add(checked.label());
    features.name().flatMap(name -> StoredExample.text(example, name)).ifPresent(names::add);
  }

  /** An image whose head is in order, with a label in range. */
  @SuppressWarnings("ArrayRecordComponent")
  record Checked(byte[] image, ImageHeader header, long label) {}

  /**
   * Looks at an example.
   *
   * @throws UserException (data) if it has no image that can be decoded, or a label out of range
   */
  static Checked check(Path file, long record, Features example, TfdsFeatures features) {
    byte[] image = StoredExample.image(file, record, example, features.image());
    try {
      return new Checked(image, ImageHeader.of(image), label(file, record, example, features));
    } catch (ImageHeader.Unusable e) {
      throw StoredExample.broken(file, record, "has an image that " + e.getMessage());
    }
  }

  private static long label(Path file, long record, Features example, TfdsFeatures features) {
    if (features.label().isEmpty()) {
      return Records.UNLABELLED;
    }
    String name = features.label().get();
    List<Long> values = StoredExample.integers(example, name);
    if (values.size() != 1) {
      throw StoredExample.broken(
          file, record, "has " + values.size() + " integers in " + name + ", expected 1 label");
    }
    long label = values.get(0);
    int classes = features.labelNames().size();
    if (label < Records.UNLABELLED || label >= classes) {
      throw StoredExample.broken(
          file, record, "has " + name + " " + label + ", expected 0 to " + (classes - 1));
    }
    return label;
  }

  /** TFDS writes -1 where a split has no labels; in a file with labels it is a gap. */
  private void requireAllOrNoLabels(Part part, int start) {
    boolean labelled = labels.get(start) != Records.UNLABELLED;
    for (int i = start; i < labels.size(); i++) {
      if ((labels.get(i) != Records.UNLABELLED) != labelled) {
        throw StoredExample.broken(
            part.file(),
            part.from() + i - start,
            "has label "
                + labels.get(i)
                + ", expected labels in all records of a split or in none");
      }
    }
  }
}
