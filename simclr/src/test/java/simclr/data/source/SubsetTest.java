package simclr.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.image.Encoding;
import simclr.data.records.ExampleReader;
import simclr.data.records.NamedSubset;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.data.records.StratifiedSubset;

/** Parts of a training split: by share of the labels, by a list of names, by a TFDS name. */
final class SubsetTest {
  @TempDir Path temp;

  @Test
  void everyClassKeepsItsShareAndAtLeastOne() {
    Split split = split(labels(200, 51, 3));
    Split one = StratifiedSubset.of(split, 0.01, 7).alone();
    assertThat(counts(one)).containsExactly(2L, 1L, 1L);
    assertThat(counts(StratifiedSubset.of(split, 0.1, 7).alone())).containsExactly(20L, 5L, 1L);
    assertThat(one.examples()).isEqualTo(4);
    assertThat(one.summary())
        .contains("--label_fraction=0.01 of 254: 4 images, 1 to 2 of each class, seed 7");
  }

  @Test
  void largerShareContainsTheSmallerAndAnotherSeedChoosesOthers() {
    Split split = split(labels(200, 100, 100));
    List<String> one = names(StratifiedSubset.of(split, 0.05, 1).alone());
    List<String> ten = names(StratifiedSubset.of(split, 0.2, 1).alone());
    assertThat(ten).containsAll(one).isSorted();
    assertThat(names(StratifiedSubset.of(split, 0.05, 1).alone())).isEqualTo(one);
    assertThat(names(StratifiedSubset.of(split, 0.05, 2).alone())).isNotEqualTo(one);
  }

  @Test
  void imagesStayWithTheirLabels() {
    Records.InMemory all = (Records.InMemory) split(labels(20, 20, 20)).records();
    Records.InMemory part =
        (Records.InMemory) StratifiedSubset.of(split(labels(20, 20, 20)), 0.2, 1).alone().records();
    for (int i = 0; i < part.images().size(); i++) {
      int in = all.names().indexOf(part.names().get(i));
      assertThat(part.images().get(i)).isEqualTo(all.images().get(in));
      assertThat(part.labels().get(i)).isEqualTo(all.labels().get(in));
    }
  }

  @Test
  void withATeacherTheOthersLoseTheirLabelsOnly() {
    Split shown = StratifiedSubset.of(split(labels(20, 20, 20)), 0.1, 1).labelled();
    assertThat(shown.examples()).isEqualTo(60);
    assertThat(shown.records().labels().stream().filter(l -> l == Records.UNLABELLED)).hasSize(54);
    assertThat(counts(shown)).containsExactly(2L, 2L, 2L);
  }

  @Test
  void listChoosesByNameInTheSplitsOrder() {
    Split listed = NamedSubset.of(split(labels(3, 3)), list("i0004", "", " i0001 "));
    assertThat(names(listed)).containsExactly("i0001", "i0004");
    assertThat(listed.summary()).contains("2 examples").contains("lists (of 6)");
  }

  @Test
  void firstNameThatIsNoneIsNamed() {
    assertRefused(split(labels(3)), ExitCode.DATA, "i0001", "nobody", "noone")
        .contains("\"nobody\" is none of the 3 images");
    assertRefused(split(labels(3)), ExitCode.DATA, "i0001", "i0001")
        .contains("\"i0001\" is there twice");
    assertRefused(split(labels(3)), ExitCode.DATA, "").contains("is empty");
    assertRefused(Synthetic.of("synthetic").open("train[:9]"), ExitCode.DATA, "a")
        .contains("have no names");
    assertFails(ExitCode.NO_INPUT, () -> NamedSubset.of(split(labels(3)), temp.resolve("absent")))
        .contains("absent");
  }

  private AbstractStringAssert<?> assertRefused(Split split, ExitCode code, String... names) {
    return assertFails(code, () -> NamedSubset.of(split, list(names)));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE})
  void tfdsRecordsGoByTheirFileName(long memoryBytes) throws IOException {
    TfdsWriter writer = named("a.JPEG", "b.JPEG", "c.JPEG", "d.JPEG", "e.JPEG");
    Split split = TfdsDirectory.find(Optional.of(temp), "toy").open("train", memoryBytes);
    assertThat(writer.directory()).exists();
    Split listed = NamedSubset.of(split, list("e.JPEG", "a.JPEG", "b.JPEG"));
    assertThat(names(listed)).containsExactly("a.JPEG", "b.JPEG", "e.JPEG");
    assertThat(listed.records().labels().asList()).containsExactly(0L, 1L, 1L);
    assertThat(counts(StratifiedSubset.of(split, 0.3, 1).alone())).containsExactly(1L, 1L, 1L);
    if (listed.records() instanceof Records.Shards shards) {
      assertThat(shards.parts()).extracting("from").containsExactly(0L, 4L);
      assertThat(shards.parts()).extracting("to").containsExactly(2L, 5L);
      try (ExampleReader reader = shards.reader(listed)) {
        assertThat(reader.tensors()).hasSize(3);
      }
    }
  }

  @Test
  void tfdsSubsetIsFoundByItsName() throws IOException {
    named("a.JPEG", "b.JPEG", "c.JPEG");
    Path subset = Files.createDirectories(temp.resolve("imagenet2012_subset/1pct"));
    Files.move(temp.resolve("toy/1.0.0"), subset.resolve("5.0.0"));
    RunConfig config =
        RunConfig.of(Map.of("dataset", "imagenet2012_subset/1pct", "data_dir", temp.toString()));
    Split split = DataSource.of(config).openForTraining(config);
    assertThat(split.examples()).isEqualTo(3);
    assertThat(split.summary()).startsWith("TFDS imagenet2012_subset/1pct:5.0.0, split train");
  }

  private TfdsWriter named(String... names) throws IOException {
    TfdsWriter writer = new TfdsWriter(temp);
    writer.write(
        "features.json",
        TfdsWriter.FEATURES.replace(
            "\"label\": {",
            "\"file_name\": {\"pythonClassName\":"
                + " \"tensorflow_datasets.core.features.text_feature.Text\"}, \"label\": {"));
    List<byte[]> examples = new ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      examples.add(TfdsWriter.example(TestImages.png(3, 2), i % 3, names[i]));
    }
    writer.split("train", examples.toArray(new byte[0][]));
    return writer;
  }

  private Path list(String... lines) {
    Path file = temp.resolve("list.txt");
    TfdsWriter.write(file, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    return file;
  }

  private static long[] labels(int... counts) {
    long[] labels = new long[Arrays.stream(counts).sum()];
    int at = 0;
    for (int c = 0; c < counts.length; c++) {
      for (int i = 0; i < counts[c]; i++) {
        labels[at++] = c;
      }
    }
    return labels;
  }

  private static Split split(long[] labels) {
    List<byte[]> images = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      images.add(new byte[] {(byte) i, (byte) (i >> 8), 0});
      names.add(String.format(Locale.ROOT, "i%04d", i));
    }
    return new Split(
        "train",
        labels.length,
        ImmutableList.of("ant", "bee", "cow"),
        new Records.InMemory(
            images, ImmutableLongArray.copyOf(labels), new Encoding.Raw(1, 1, false), names));
  }

  private static List<Long> counts(Split split) {
    ImmutableLongArray labels = split.records().labels();
    List<Long> counts = new ArrayList<>();
    for (long c = 0; c < 3; c++) {
      long wanted = c;
      counts.add(labels.stream().filter(label -> label == wanted).count());
    }
    return counts;
  }

  private static List<String> names(Split split) {
    return split.records().aliases().stream().map(names -> names.get(0)).toList();
  }
}
