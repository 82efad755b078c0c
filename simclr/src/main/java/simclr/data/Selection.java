package simclr.data;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.proto.Features;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.Records.Shards.Part;

/** Some examples of a split, in its order, and what must be known of all to choose them. */
final class Selection {
  private Selection() {}

  /**
   * The split without all other examples.
   *
   * @param indices rising
   * @param fact what the user should know about the choice
   */
  static Split of(Split split, ImmutableIntArray indices, String fact) {
    return new Split(
        split.name(),
        indices.length(),
        split.labelNames(),
        select(split.records(), indices),
        split.source(),
        ImmutableList.<String>builder().addAll(split.facts()).add(fact).build());
  }

  /**
   * The split with the labels of all other examples hidden.
   *
   * @throws UserException (usage) if the split is streamed: its labels lie in the records
   */
  static Split hidingOthers(Split split, ImmutableIntArray indices, String fact) {
    ImmutableLongArray labels = labels(split);
    long[] shown = new long[labels.length()];
    Arrays.fill(shown, Records.UNLABELLED);
    indices.forEach(i -> shown[i] = labels.get(i));
    ImmutableLongArray known = ImmutableLongArray.copyOf(shown);
    Records records = split.records();
    Records partly;
    if (records instanceof Records.InMemory memory) {
      partly = new Records.InMemory(memory.images(), known, memory.encoding(), memory.names());
    } else if (records instanceof Records.ImageFiles files) {
      partly = new Records.ImageFiles(files.files(), known);
    } else {
      throw new UserException(
          ExitCode.USAGE,
          "--label_fraction hides labels of %s, which is streamed; expected a data set that fits"
              + " into memory, a folder, or --label_fraction=1",
          split.name());
    }
    return new Split(
        split.name(),
        split.examples(),
        split.labelNames(),
        partly,
        split.source(),
        ImmutableList.<String>builder().addAll(split.facts()).add(fact).build());
  }

  /** The label of every example; a streamed split is read through for it. */
  static ImmutableLongArray labels(Split split) {
    Records records = split.records();
    if (records instanceof Records.InMemory memory) {
      return memory.labels();
    } else if (records instanceof Records.ImageFiles files) {
      return files.labels();
    }
    Records.Shards shards = (Records.Shards) records;
    Optional<String> feature = shards.labelFeature();
    ImmutableLongArray.Builder labels = ImmutableLongArray.builder();
    read(
            shards,
            example ->
                feature.map(name -> TfdsExamples.number(example, name)).orElse(Records.UNLABELLED))
        .forEach(labels::add);
    return labels.build();
  }

  /**
   * What every example may be called; a streamed split is read through for it.
   *
   * @return for each example its names; empty if the data set names none
   */
  static ImmutableList<ImmutableList<String>> names(Split split) {
    Records records = split.records();
    if (records instanceof Records.InMemory memory) {
      return memory.names().stream()
          .map(name -> ImmutableList.of(name))
          .collect(ImmutableList.toImmutableList());
    } else if (records instanceof Records.ImageFiles files) {
      return files.files().stream()
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
    Records.Shards shards = (Records.Shards) records;
    if (shards.nameFeature().isEmpty()) {
      return ImmutableList.of();
    }
    String feature = shards.nameFeature().get();
    return read(shards, example -> TfdsExamples.text(example, feature).orElse("")).stream()
        .map(name -> ImmutableList.of(name))
        .collect(ImmutableList.toImmutableList());
  }

  private static <T> List<T> read(Records.Shards shards, Function<Features, T> value) {
    return shards.parts().parallelStream()
        .map(
            part -> {
              List<T> ofPart = new ArrayList<>();
              TfdsExamples.forEach(
                  part, part.to(), (record, example) -> ofPart.add(value.apply(example)));
              return ofPart;
            })
        .toList()
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  private static Records select(Records records, ImmutableIntArray indices) {
    if (records instanceof Records.InMemory memory) {
      return new Records.InMemory(
          pick(memory.images(), indices),
          pick(memory.labels(), indices),
          memory.encoding(),
          memory.names().isEmpty() ? ImmutableList.of() : pick(memory.names(), indices));
    } else if (records instanceof Records.ImageFiles files) {
      return new Records.ImageFiles(pick(files.files(), indices), pick(files.labels(), indices));
    }
    Records.Shards shards = (Records.Shards) records;
    return new Records.Shards(
        parts(shards.parts(), indices),
        shards.imageFeature(),
        shards.labelFeature(),
        shards.nameFeature());
  }

  private static <T> ImmutableList<T> pick(List<T> all, ImmutableIntArray indices) {
    return indices.stream().mapToObj(all::get).collect(ImmutableList.toImmutableList());
  }

  private static ImmutableLongArray pick(ImmutableLongArray all, ImmutableIntArray indices) {
    return ImmutableLongArray.copyOf(indices.stream().mapToLong(all::get));
  }

  /** Neighbours within a file become one stretch. */
  private static List<Part> parts(List<Part> all, ImmutableIntArray indices) {
    List<Part> parts = new ArrayList<>();
    int part = 0;
    long first = 0;
    for (int index : indices.asList()) {
      while (index >= first + length(all.get(part))) {
        first += length(all.get(part));
        part++;
      }
      long record = all.get(part).from() + index - first;
      Part last = parts.isEmpty() ? null : parts.get(parts.size() - 1);
      if (last != null && last.file().equals(all.get(part).file()) && last.to() == record) {
        parts.set(parts.size() - 1, new Part(last.file(), last.records(), last.from(), record + 1));
      } else {
        parts.add(new Part(all.get(part).file(), all.get(part).records(), record, record + 1));
      }
    }
    return parts;
  }

  private static long length(Part part) {
    return part.to() - part.from();
  }
}
