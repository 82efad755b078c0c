package simclr.data.source;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.Comparators;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Records.Shards.Part;
import simclr.data.records.Split;
import simclr.io.TfRecordFile;
import simclr.io.UnreadableInput;

/**
 * A data set prepared by tensorflow-datasets: {@code <data_dir>/<name>[/<config>]/<version>/} with
 * {@code dataset_info.json}, {@code features.json} and TFRecord files.
 *
 * @param directory of the version
 * @param title as TFDS writes it: {@code cifar10:3.0.2}
 */
record TfdsDirectory(
    Path directory, String title, TfdsInfo info, TfdsFeatures features, ScanStop stop)
    implements DataSource {
  private static final String NUMBER = "(\\d+|\\*)";
  private static final Pattern NAME =
      Pattern.compile(
          "(?<name>\\w+)(/(?<config>[\\w.-]+))?(:(?<version>NUMBER\\.NUMBER\\.NUMBER))?"
              .replace("NUMBER", NUMBER));
  private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+");

  /**
   * Finds a data set below a directory.
   *
   * @param dataDir what {@code --data_dir} names, if it is given
   * @param name {@code name[/config][:version]}; numbers of the version may be {@code *}. The
   *     highest version that fits is taken, and the default configuration that TFDS noted.
   * @throws UserException if the name is none, there is no such data set, or its description cannot
   *     be read
   */
  static TfdsDirectory find(Optional<Path> dataDir, String name) {
    return find(dataDir, name, ScanStop.NEVER);
  }

  /** The same, to be stopped while its files are read. */
  static TfdsDirectory find(Optional<Path> dataDir, String name, ScanStop stop) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      throw new UserException(
          ExitCode.USAGE,
          "--dataset is \"%s\", expected NAME[/CONFIG][:VERSION] of a TFDS data set, folder:DIR,"
              + " cifar10_binary:DIR or synthetic",
          name);
    }
    Path prepared =
        dataDir.orElseThrow(
            () ->
                new UserException(
                    ExitCode.USAGE,
                    "--data_dir is missing, expected the directory that holds the TFDS data set %s",
                    name));
    Path root = prepared.resolve(parts.group("name"));
    if (!Files.isDirectory(root)) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s is missing, expected a directory prepared by TFDS (in %s: %s)%s",
          root,
          prepared,
          listing(prepared),
          FolderTree.holdsImages(prepared)
              ? "; did you mean --dataset=folder:" + prepared + "?"
              : "");
    }
    Optional<String> config =
        Optional.ofNullable(parts.group("config")).or(() -> defaultConfig(root));
    Path versions = config.map(root::resolve).orElse(root);
    Pattern wanted =
        Optional.ofNullable(parts.group("version"))
            .map(v -> Pattern.compile(v.replace(".", "\\.").replace("*", "\\d+")))
            .orElse(VERSION);
    Path directory =
        subdirectories(versions).stream()
            .filter(each -> wanted.matcher(each.getFileName().toString()).matches())
            .max(
                Comparator.comparing(
                    TfdsDirectory::versionNumbers,
                    Comparators.lexicographical(Comparator.<BigInteger>naturalOrder())))
            .orElseThrow(
                () ->
                    new UserException(
                        ExitCode.NO_INPUT,
                        "%s has no version %s, expected a directory prepared by TFDS (there: %s)",
                        versions,
                        Optional.ofNullable(parts.group("version")).orElse("such as 1.0.0"),
                        listing(versions)));
    TfdsInfo info = TfdsInfo.read(directory);
    String title =
        parts.group("name") + config.map(c -> "/" + c).orElse("") + ":" + directory.getFileName();
    return new TfdsDirectory(
        directory, title, info, TfdsFeatures.read(directory, info.supervisedKeys()), stop);
  }

  /**
   * Reads the split into memory if it takes less than half of what Java may have; else checks that
   * its files hold the promised number of records, and describes them.
   */
  @Override
  public Split open(String split) {
    return open(split, Runtime.getRuntime().maxMemory() / 2);
  }

  Split open(String split, long memoryBytes) {
    ImmutableList<Part> parts = parts(split);
    long bytes = parts.stream().map(Part::file).distinct().mapToLong(TfdsDirectory::size).sum();
    long examples = parts.stream().mapToLong(part -> part.to() - part.from()).sum();
    return bytes < memoryBytes && examples < Integer.MAX_VALUE
        ? inMemory(split, parts)
        : streamed(split, parts);
  }

  @Override
  public Examined examine(String split) {
    return new TfdsExamination(features, stop).examine(split, "TFDS " + title, parts(split));
  }

  private ImmutableList<Part> parts(String split) {
    ImmutableList.Builder<Part> parts = ImmutableList.builder();
    for (SplitSlice slice : SplitSlice.parse(split, info.shardLengths())) {
      long start = 0;
      for (TfdsInfo.ShardFile file : info.shardFiles(slice.split())) {
        long from = Math.max(0, slice.from() - start);
        long to = Math.min(file.examples(), slice.to() - start);
        if (from < to) {
          parts.add(new Part(directory.resolve(file.name()), file.examples(), from, to));
        }
        start += file.examples();
      }
    }
    return parts.build();
  }

  private Split inMemory(String split, ImmutableList<Part> parts) {
    TfdsExamples examples = TfdsExamples.read(parts, features, stop);
    return new Split(
        split,
        examples.labels().size(),
        examples.labelled() ? features.labelNames() : ImmutableList.of(),
        new Records.InMemory(
            examples.images(),
            ImmutableLongArray.copyOf(examples.labels()),
            new Encoding.Compressed(),
            examples.names()),
        "TFDS " + title,
        examples.census().facts(),
        Optional.of(examples.census().sizes()));
  }

  private Split streamed(String split, ImmutableList<Part> parts) {
    parts.parallelStream()
        .forEach(
            part -> {
              stop.check();
              TfdsExamples.requireCount(part, TfRecordFile.count(part.file()));
            });
    // Where a split has no labels its records say so: -1.
    TfdsExamples firsts = TfdsExamples.peek(parts, features);
    Optional<String> label = firsts.labelled() ? features.label() : Optional.empty();
    Records.Shards shards = new Records.Shards(parts, features.image(), label, features.name());
    return new Split(
        split,
        shards.examples(),
        label.isPresent() ? features.labelNames() : ImmutableList.of(),
        shards,
        "TFDS " + title,
        ImmutableList.of("streamed from " + parts.size() + " files"));
  }

  private static Optional<String> defaultConfig(Path root) {
    Path metadata = root.resolve(".config").resolve("metadata.json");
    if (!Files.exists(metadata)) {
      return Optional.empty();
    }
    String key = "default_config_name";
    String name = TfdsInfo.fileName(metadata, key, TfdsInfo.json(metadata).path(key));
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }

  /** Of any length: a version may be a date and a time. */
  private static List<BigInteger> versionNumbers(Path directory) {
    return Pattern.compile("\\.")
        .splitAsStream(directory.getFileName().toString())
        .map(BigInteger::new)
        .toList();
  }

  private static List<Path> subdirectories(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(Files::isDirectory).sorted().toList();
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw UnreadableInput.of(directory, e, "a directory");
    }
  }

  private static String listing(Path directory) {
    String names =
        subdirectories(directory).stream()
            .map(each -> each.getFileName().toString())
            .collect(joining(", "));
    return names.isEmpty() ? "nothing" : names;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "a TFRecord file");
    }
  }
}
