package simclr.data.records;

import com.google.common.base.Preconditions;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import com.google.common.primitives.ImmutableLongArray;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.proto.Features;
import simclr.data.image.Encoding;

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

  /** The label of every example; streamed records are read through for it. */
  ImmutableLongArray labels();

  /**
   * What every example may be called; streamed records are read through for it.
   *
   * @return for each example its names; empty if the data set has none
   */
  ImmutableList<ImmutableList<String>> aliases();

  /**
   * Some of the examples.
   *
   * @param indices rising
   */
  Records select(ImmutableIntArray indices);

  /** The same images with other labels; empty if they are streamed, labels and all. */
  Optional<Records> withLabels(ImmutableLongArray labels);

  /** Opens a reader of the examples of {@code split}, whose records these are. */
  ExampleReader reader(Split split);

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

    @Override
    public ImmutableList<ImmutableList<String>> aliases() {
      return names.stream()
          .map(name -> ImmutableList.of(name))
          .collect(ImmutableList.toImmutableList());
    }

    @Override
    public Records select(ImmutableIntArray indices) {
      return new InMemory(
          pick(images, indices),
          pick(labels, indices),
          encoding,
          names.isEmpty() ? names : pick(names, indices));
    }

    @Override
    public Optional<Records> withLabels(ImmutableLongArray others) {
      return Optional.of(new InMemory(images, others, encoding, names));
    }

    @Override
    public ExampleReader reader(Split split) {
      return ImageReader.of(split, this);
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

    /** A file's name, and its name behind that of its folder. */
    @Override
    public ImmutableList<ImmutableList<String>> aliases() {
      return files.stream()
          .map(
              file -> {
                String name = file.getFileName().toString();
                int depth = file.getNameCount();
                return depth < 2
                    ? ImmutableList.of(name)
                    : ImmutableList.of(name, file.subpath(depth - 2, depth).toString());
              })
          .collect(ImmutableList.toImmutableList());
    }

    @Override
    public Records select(ImmutableIntArray indices) {
      return new ImageFiles(pick(files, indices), pick(labels, indices));
    }

    @Override
    public Optional<Records> withLabels(ImmutableLongArray others) {
      return Optional.of(new ImageFiles(files, others));
    }

    @Override
    public ExampleReader reader(Split split) {
      return ImageReader.of(this);
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

      long examples() {
        return to - from;
      }

      /** The stretch with one more record behind it. */
      private Part longer() {
        return new Part(file, records, from, to + 1);
      }
    }

    @Override
    public long examples() {
      return parts.stream().mapToLong(Part::examples).sum();
    }

    @Override
    public ImmutableLongArray labels() {
      ImmutableLongArray.Builder labels = ImmutableLongArray.builder();
      read(example ->
              labelFeature
                  .map(feature -> StoredExample.number(example, feature))
                  .orElse(UNLABELLED))
          .forEach(labels::add);
      return labels.build();
    }

    @Override
    public ImmutableList<ImmutableList<String>> aliases() {
      if (nameFeature.isEmpty()) {
        return ImmutableList.of();
      }
      String feature = nameFeature.get();
      return read(example -> StoredExample.text(example, feature).orElse("")).stream()
          .map(name -> ImmutableList.of(name))
          .collect(ImmutableList.toImmutableList());
    }

    /** Neighbours within a file become one stretch. */
    @Override
    public Records select(ImmutableIntArray indices) {
      List<Part> chosen = new ArrayList<>();
      int part = 0;
      long first = 0;
      for (int index : indices.asList()) {
        while (index >= first + parts.get(part).examples()) {
          first += parts.get(part).examples();
          part++;
        }
        Part in = parts.get(part);
        long record = in.from() + index - first;
        Part last = chosen.isEmpty() ? null : chosen.get(chosen.size() - 1);
        if (last != null && last.file().equals(in.file()) && last.to() == record) {
          chosen.set(chosen.size() - 1, last.longer());
        } else {
          chosen.add(new Part(in.file(), in.records(), record, record + 1));
        }
      }
      return new Shards(chosen, imageFeature, labelFeature, nameFeature);
    }

    @Override
    public Optional<Records> withLabels(ImmutableLongArray others) {
      return Optional.empty();
    }

    @Override
    public ExampleReader reader(Split split) {
      return RecordReader.of(split, this);
    }

    private <T> List<T> read(Function<Features, T> value) {
      return parts.parallelStream()
          .map(
              part -> {
                List<T> ofPart = new ArrayList<>();
                StoredExample.forEach(
                    part, part.to(), (record, example) -> ofPart.add(value.apply(example)));
                return ofPart;
              })
          .toList()
          .stream()
          .flatMap(List::stream)
          .toList();
    }
  }

  private static <T> ImmutableList<T> pick(List<T> all, ImmutableIntArray indices) {
    return indices.stream().mapToObj(all::get).collect(ImmutableList.toImmutableList());
  }

  private static ImmutableLongArray pick(ImmutableLongArray all, ImmutableIntArray indices) {
    return ImmutableLongArray.copyOf(indices.stream().mapToLong(all::get));
  }

  private static void checkSameLength(int images, int labels) {
    Preconditions.checkArgument(images == labels, "%s images have %s labels", images, labels);
  }
}
