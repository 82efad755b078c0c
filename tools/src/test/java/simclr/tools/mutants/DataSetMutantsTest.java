package simclr.tools.mutants;

import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.io.TfRecordFile;

/** Files of a data set that TFDS prepared, broken one at a time. */
final class DataSetMutantsTest {
  private static final Path WHOLE =
      Path.of(System.getProperty("simclr.testdata"), "tfds-small", "cifar10", "3.0.2");
  private static final String RECORDS = "cifar10-train.tfrecord-00000-of-00001";
  private static final int EXAMPLES = 4;

  @TempDir Path dir;

  @BeforeEach
  void copyFourExamples() throws IOException {
    Files.createDirectories(version());
    for (String name : List.of("features.json", "label.labels.txt")) {
      Files.copy(WHOLE.resolve(name), version().resolve(name));
    }
    String info = Files.readString(WHOLE.resolve("dataset_info.json"));
    Files.writeString(
        version().resolve("dataset_info.json"),
        info.replaceFirst("(?s)\"28\",\\s*\"20\"", "\"" + EXAMPLES + "\""));
    Files.write(version().resolve(RECORDS), file(examples()));
  }

  @Test
  void recordsWhoseChecksumsTell() throws Exception {
    Mutants.checksummed("TFRecord", Files.readAllBytes(version().resolve(RECORDS)))
        .check(Bytes::mutate, reader(RECORDS));
  }

  @Test
  void examplesUnderRightChecksums() throws Exception {
    Mutants.of("TFRecord, checksums right", Files.readAllBytes(version().resolve(RECORDS)))
        .check((whole, random) -> changedExample(random), reader(RECORDS));
  }

  @Test
  void featuresJson() throws Exception {
    checkJson("features.json");
  }

  @Test
  void datasetInfoJson() throws Exception {
    checkJson("dataset_info.json");
  }

  @Test
  void labelNames() throws Exception {
    String name = "label.labels.txt";
    Mutants.of(name, Files.readAllBytes(version().resolve(name))).check(Texts::words, reader(name));
  }

  private void checkJson(String name) throws Exception {
    Mutants.of(name, Files.readAllBytes(version().resolve(name))).check(Texts::json, reader(name));
  }

  private Mutants.Reader reader(String name) {
    return bytes -> {
      Files.write(version().resolve(name), bytes);
      return content();
    };
  }

  /** Labels and images, or how they are called. */
  private Object content() {
    DataSource source =
        DataSource.of(RunConfig.of(Map.of("dataset", "cifar10", "data_dir", dir.toString())));
    source.examine("train");
    Split split = source.open("train");
    Records.InMemory records = (Records.InMemory) split.records();
    return List.of(
        split.labelNames(),
        records.labels(),
        records.images().stream().map(image -> Hashing.sha256().hashBytes(image)).toList());
  }

  private static byte[] changedExample(SplittableRandom random) {
    List<byte[]> examples = new ArrayList<>(examples());
    int changed = random.nextInt(examples.size());
    examples.set(changed, Protos.mutate(examples.get(changed), random));
    return file(examples);
  }

  private static byte[] file(List<byte[]> examples) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    examples.forEach(example -> append(file, example));
    return file.toByteArray();
  }

  private static void append(OutputStream file, byte[] example) {
    try {
      TfRecordFile.append(file, example);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ImmutableList<byte[]> examples() {
    try (TfRecordFile file =
        TfRecordFile.open(WHOLE.resolve("cifar10-train.tfrecord-00000-of-00002"))) {
      return Stream.generate(file::next).limit(EXAMPLES).collect(ImmutableList.toImmutableList());
    }
  }

  private Path version() {
    return dir.resolve("cifar10").resolve("3.0.2");
  }
}
