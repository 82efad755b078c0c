package simclr.data.source;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.Encoding;
import simclr.data.records.BrokenExample;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.io.TextFile;
import simclr.io.UnreadableInput;

/**
 * The binary version of CIFAR-10 as its authors distribute it: {@code data_batch_1.bin} to {@code
 * data_batch_5.bin} (split train), {@code test_batch.bin} (split test), {@code batches.meta.txt}.
 *
 * <pre>
 *   file   = { record }
 *   record = label:byte red:byte[1024] green:byte[1024] blue:byte[1024]
 * </pre>
 *
 * @param directory of the files
 */
record Cifar10Binary(Path directory, ImmutableList<String> labelNames) implements DataSource {
  private static final Encoding.Raw PIXELS = new Encoding.Raw(32, 32, true);
  private static final int RECORD_BYTES = 1 + PIXELS.bytes();
  private static final int CLASSES = 10;
  private static final ImmutableMap<String, ImmutableList<String>> FILES =
      ImmutableMap.of(
          "train",
          ImmutableList.of(
              "data_batch_1.bin",
              "data_batch_2.bin",
              "data_batch_3.bin",
              "data_batch_4.bin",
              "data_batch_5.bin"),
          "test",
          ImmutableList.of("test_batch.bin"));

  /**
   * Finds the data set in a directory, or in its subdirectory {@code cifar-10-batches-bin}, as the
   * archive unpacks.
   *
   * @throws UserException if {@code batches.meta.txt} is missing or has other than ten names
   */
  static Cifar10Binary in(Path directory) {
    Path unpacked = directory.resolve("cifar-10-batches-bin");
    Path files = Files.isDirectory(unpacked) ? unpacked : directory;
    Path names = files.resolve("batches.meta.txt");
    ImmutableList<String> labelNames;
    try {
      labelNames =
          TextFile.whole(names)
              .lines()
              .map(String::strip)
              .filter(name -> !name.isEmpty())
              .collect(ImmutableList.toImmutableList());
    } catch (IOException e) {
      throw UnreadableInput.of(names, e, "the class names of CIFAR-10's binary version");
    }
    if (labelNames.size() != CLASSES) {
      throw new UserException(
          ExitCode.DATA, "%s has %s names, expected %s", names, labelNames.size(), CLASSES);
    }
    return new Cifar10Binary(files, labelNames);
  }

  @Override
  public Split open(String split) {
    Examined examined = examine(split);
    for (BrokenExample first : examined.broken()) {
      throw new UserException(ExitCode.DATA, "%s", first);
    }
    return examined.usable().orElseThrow();
  }

  @Override
  public Examined examine(String split) {
    Map<String, byte[]> contents = new LinkedHashMap<>();
    List<byte[]> images = new ArrayList<>();
    ImmutableLongArray.Builder labels = ImmutableLongArray.builder();
    ImmutableList.Builder<BrokenExample> broken = ImmutableList.builder();
    long examples = 0;
    for (SplitSlice slice : SplitSlice.parse(split, sizes())) {
      long start = 0;
      for (String name : files(slice.split())) {
        byte[] records = contents.computeIfAbsent(name, this::read);
        int count = records.length / RECORD_BYTES;
        int to = (int) Math.min(count, slice.to() - start);
        for (int i = (int) Math.max(0, slice.from() - start); i < to; i++) {
          int at = i * RECORD_BYTES;
          int label = Byte.toUnsignedInt(records[at]);
          examples++;
          if (label < CLASSES) {
            labels.add(label);
            images.add(Arrays.copyOfRange(records, at + 1, at + RECORD_BYTES));
          } else {
            broken.add(
                new BrokenExample(
                    directory.resolve(name) + ": record " + i,
                    String.format(
                        Locale.ROOT, "has label %s, expected 0 to %s", label, CLASSES - 1)));
          }
        }
        start += count;
      }
    }
    return new Examined(
        examples,
        images.isEmpty() ? Optional.empty() : Optional.of(split(split, images, labels.build())),
        broken.build());
  }

  private Split split(String name, List<byte[]> images, ImmutableLongArray labels) {
    return new Split(
        name,
        images.size(),
        labelNames,
        new Records.InMemory(images, labels, PIXELS),
        "CIFAR-10 binary " + directory,
        ImmutableList.of("32 x 32 px"));
  }

  private static ImmutableList<String> files(String split) {
    return FILES.getOrDefault(split, ImmutableList.of());
  }

  /** Records of each file. A split that has none of its files is not there at all. */
  private ImmutableMap<String, ImmutableList<Long>> sizes() {
    ImmutableMap.Builder<String, ImmutableList<Long>> sizes = ImmutableMap.builder();
    FILES.forEach(
        (split, names) -> {
          if (names.stream().map(directory::resolve).anyMatch(Files::exists)) {
            sizes.put(
                split, names.stream().map(this::records).collect(ImmutableList.toImmutableList()));
          }
        });
    return sizes.buildOrThrow();
  }

  private long records(String name) {
    Path file = directory.resolve(name);
    long bytes;
    try {
      bytes = Files.size(file);
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "a batch of CIFAR-10's binary version");
    }
    if (bytes % RECORD_BYTES != 0) {
      throw new UserException(
          ExitCode.DATA,
          "%s has %s bytes and ends within record %s, expected a multiple of %s",
          file,
          bytes,
          bytes / RECORD_BYTES,
          RECORD_BYTES);
    }
    return bytes / RECORD_BYTES;
  }

  private byte[] read(String name) {
    Path file = directory.resolve(name);
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "a batch of CIFAR-10's binary version");
    }
  }
}
