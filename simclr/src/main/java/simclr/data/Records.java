package simclr.data;

import com.google.common.base.Preconditions;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where the examples of a split are, in the order in which evaluation reads them.
 *
 * <p>Labels are class indices; in a split without labels each is -1.
 */
public sealed interface Records {

  /** The label of every example of a split without labels. */
  long UNLABELLED = -1;

  /** Number of examples. */
  long examples();

  /**
   * Everything in memory, checked when it was read.
   *
   * @param images the encoded bytes of each example
   * @param labels one label for each image
   * @param names what the data set calls each image; empty where it does not name them
   */
  record InMemory(
      List<byte[]> images, ImmutableLongArray labels, Encoding encoding, List<String> names)
      implements Records {
    public InMemory {
      images = ImmutableList.copyOf(images);
      names = ImmutableList.copyOf(names);
      checkSameLength(images.size(), labels.length());
      Preconditions.checkArgument(
          names.isEmpty() || names.size() == images.size(),
          "%s images have %s names",
          images.size(),
          names.size());
    }

    /** Images without names. */
    public InMemory(List<byte[]> images, ImmutableLongArray labels, Encoding encoding) {
      this(images, labels, encoding, ImmutableList.of());
    }

    @Override
    public long examples() {
      return images.size();
    }
  }

  /**
   * One file for each image, {@link Encoding.Compressed}; the graph reads them.
   *
   * @param labels one label for each file
   */
  record ImageFiles(List<Path> files, ImmutableLongArray labels) implements Records {
    public ImageFiles {
      files = ImmutableList.copyOf(files);
      checkSameLength(files.size(), labels.length());
    }

    @Override
    public long examples() {
      return files.size();
    }
  }

  /**
   * TFRecord files of {@code tf.train.Example}, too large for memory; the graph streams them. Their
   * framing was checked, their content was not: checksums of the data and the range of the labels
   * are left to the reader.
   *
   * @param parts what to read, in order
   * @param imageFeature name of the bytes feature that holds one {@link Encoding.Compressed} image
   * @param labelFeature name of the int64 feature; empty in a split without labels
   * @param nameFeature name of the bytes feature that holds what the data set calls the image;
   *     empty where there is none
   */
  record Shards(
      List<Part> parts,
      String imageFeature,
      Optional<String> labelFeature,
      Optional<String> nameFeature)
      implements Records {
    public Shards {
      parts = ImmutableList.copyOf(parts);
    }

    /** Images without names. */
    public Shards(List<Part> parts, String imageFeature, Optional<String> labelFeature) {
      this(parts, imageFeature, labelFeature, Optional.empty());
    }

    /**
     * A stretch of a file.
     *
     * @param records in the whole file
     * @param from first record wanted, from 0
     * @param to behind the last record wanted
     */
    public record Part(Path file, long records, long from, long to) {
      public Part {
        Preconditions.checkArgument(
            0 <= from && from < to && to <= records,
            "[%s, %s) must be a stretch of %s records",
            from,
            to,
            records);
      }
    }

    @Override
    public long examples() {
      return parts.stream().mapToLong(part -> part.to() - part.from()).sum();
    }
  }

  private static void checkSameLength(int images, int labels) {
    Preconditions.checkArgument(images == labels, "%s images have %s labels", images, labels);
  }
}
