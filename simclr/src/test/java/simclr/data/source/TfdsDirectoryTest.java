package simclr.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import com.google.common.primitives.ImmutableLongArray;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.records.Records;
import simclr.data.records.Records.Shards.Part;
import simclr.data.records.Split;

final class TfdsDirectoryTest {
  private static final byte[] IMAGE = TestImages.png(3, 2);

  private final Path dir;
  private final TfdsWriter toy;

  TfdsDirectoryTest(@TempDir Path dir) {
    this.dir = dir;
    this.toy = new TfdsWriter(dir);
  }

  @Test
  void aDirectoryThatTfdsWroteIsReadInItsOrder() {
    RunConfig config =
        RunConfig.of(
            Map.of(
                "dataset",
                "cifar10",
                "data_dir",
                System.getProperty("simclr.testdata") + "/tfds-small"));
    Split train = DataSource.of(config).open("train");
    assertThat(train.examples()).isEqualTo(48);
    assertThat(train.labelNames()).hasSize(10).startsWith("airplane").endsWith("truck");
    Records.InMemory records = (Records.InMemory) train.records();
    // Labels and sizes as tensorflow-datasets reads them.
    assertThat(records.labels().subArray(0, 3)).isEqualTo(ImmutableLongArray.of(0, 6, 3));
    assertThat(records.images().subList(0, 3).stream().map(image -> image.length))
        .containsExactly(2400, 2445, 2191);
    assertThat(train.summary())
        .isEqualTo(
            "TFDS cifar10:3.0.2, split train: 48 examples, 10 classes, png, smallest side 32 px");
    assertThat(records.images()).allMatch(TestImages::decodes);
  }

  @Test
  void slicesReachAcrossShards() {
    toy.info("train", "[2, \"3\", 1]");
    writeShard(0, 3, 0, 1);
    writeShard(1, 3, 2, 0, 1);
    writeShard(2, 3, 2);
    assertThat(labels("train")).containsExactly(0L, 1L, 2L, 0L, 1L, 2L);
    assertThat(labels("train[1:4]")).containsExactly(1L, 2L, 0L);
    assertThat(labels("train[5:]+train[:50%]")).containsExactly(2L, 0L, 1L, 2L);
    assertThat(labels("train[1shard]")).containsExactly(2L, 0L, 1L);
  }

  @Test
  void whatDoesNotFitIntoMemoryIsDescribedAndItsRecordsAreCounted() {
    toy.info("train", "[2, 3]");
    writeShard(0, 2, 0, 1);
    writeShard(1, 2, 2, 0, 1);
    Split split = find("toy").open("train[1:4]", 10);
    assertThat(split.examples()).isEqualTo(3);
    assertThat(split.numClasses()).isEqualTo(3);
    assertThat(split.records())
        .isEqualTo(
            new Records.Shards(
                List.of(
                    new Part(toy.shard("train", 0, 2), 2, 1, 2),
                    new Part(toy.shard("train", 1, 2), 3, 0, 2)),
                "image",
                Optional.of("label")));
    assertThat(split.summary()).contains("streamed from 2 files");
    writeShard(1, 2, 2, 0);
    assertFails(ExitCode.DATA, () -> find("toy").open("train", 10))
        .contains("toy-train.tfrecord-00001-of-00002 has 2 records, expected 3");
  }

  @Test
  void theHighestVersionIsTakenByNumberUnlessOneIsAskedFor() {
    for (String version : new String[] {"1.9.0", "1.10.0", "20261128093000.1.0"}) {
      TfdsWriter.write(
          dir.resolve("toy/" + version + "/features.json"), bytes(TfdsWriter.FEATURES));
      TfdsWriter.write(
          dir.resolve("toy/" + version + "/dataset_info.json"),
          bytes("{\"name\": \"toy\", \"splits\": [{\"name\": \"a\", \"shardLengths\": [\"1\"]}]}"));
    }
    toy.split("train", TfdsWriter.example(IMAGE, 0));
    assertThat(find("toy").title()).isEqualTo("toy:20261128093000.1.0");
    assertThat(find("toy:1.9.0").title()).isEqualTo("toy:1.9.0");
    assertThat(find("toy:1.*.*").title()).isEqualTo("toy:1.10.0");
    assertThat(find("toy:*.0.0").title()).isEqualTo("toy:1.0.0");
    assertFails(ExitCode.NO_INPUT, () -> find("toy:2.0.0"))
        .contains("has no version 2.0.0")
        .contains("1.0.0, 1.10.0, 1.9.0, 20261128093000.1.0");
  }

  @Test
  void aConfigurationIsTakenByNameOrByTfdsDefault() {
    TfdsWriter large = new TfdsWriter(dir.resolve("toy"));
    // TfdsWriter names its own level toy: here it is the configuration.
    large.split("train", TfdsWriter.example(IMAGE, 0));
    assertThat(find("toy/toy").open("train").summary()).startsWith("TFDS toy/toy:1.0.0, split");
    TfdsWriter.write(
        dir.resolve("toy/.config/metadata.json"), bytes("{\"default_config_name\": \"toy\"}"));
    assertThat(find("toy").title()).isEqualTo("toy/toy:1.0.0");
    assertFails(ExitCode.NO_INPUT, () -> find("toy/small")).contains("small has no version");
  }

  @Test
  void templatesOfFileNamesAreHonoured() {
    toy.write(
        "dataset_info.json",
        """
        {"name": "toy", "splits": [{"name": "train", "shardLengths": ["1", "1"],
          "filepathTemplate": "{SPLIT}/{DATASET}.{FILEFORMAT}-{SHARD_INDEX}_{NUM_SHARDS}"}]}
        """);
    for (int shard = 0; shard < 2; shard++) {
      TfdsWriter.write(
          toy.directory().resolve("train/toy.tfrecord-0000" + shard + "_00002"),
          TfdsWriter.records(List.of(TfdsWriter.example(IMAGE, shard))));
    }
    assertThat(labels("train")).containsExactly(0L, 1L);
  }

  @Test
  void olderFeatureFilesAreRead() {
    toy.split("train", TfdsWriter.example(IMAGE, 2));
    toy.write(
        "features.json",
        """
        {"type": "tensorflow_datasets.core.features.features_dict.FeaturesDict", "content": {
          "image": {"type": "tensorflow_datasets.core.features.image_feature.Image",
                    "content": {"shape": [null, null, 3], "dtype": "uint8"}},
          "label": {"type": "tensorflow_datasets.core.features.class_label_feature.ClassLabel",
                    "content": {"num_classes": 3}}}}
        """);
    assertThat(find("toy").open("train").labelNames()).containsExactly("ant", "bee", "cow");
  }

  @Test
  void dataWithoutLabelsHaveNone() {
    toy.split("train", TfdsWriter.example(IMAGE, -1), TfdsWriter.example(IMAGE, -1));
    assertThat(find("toy").open("train").labelled()).isFalse();
    assertThat(find("toy").open("train", 10).labelled()).isFalse();
    assertThat(find("toy").open("train").summary()).contains("2 examples, no labels");

    toy.write("features.json", TfdsWriter.FEATURES.replace("ClassLabel", "Text"));
    toy.split("train", TfdsWriter.example(IMAGE));
    Split split = find("toy").open("train");
    assertThat(split.labelled()).isFalse();
    assertThat(((Records.InMemory) split.records()).labels()).isEqualTo(ImmutableLongArray.of(-1));
  }

  @Test
  void aCountOtherThanPromisedIsDataAndNamesTheFile() {
    toy.split("train", TfdsWriter.example(IMAGE, 0), TfdsWriter.example(IMAGE, 1));
    for (String promised : new String[] {"1", "3"}) {
      toy.info("train", "[\"" + promised + "\"]");
      assertFails(ExitCode.DATA, () -> find("toy").open("train"))
          .contains("toy-train.tfrecord-00000-of-00001 has 2 records, expected " + promised);
      assertFails(ExitCode.DATA, () -> find("toy").open("train[:1]", 10)).contains("2 records");
    }
  }

  @Test
  void recordsOutsideOfTheSliceAreCheckedToo() {
    toy.split("train", TfdsWriter.example(IMAGE, 0), TfdsWriter.example(IMAGE, 1));
    byte[] broken =
        TfdsWriter.records(List.of(TfdsWriter.example(IMAGE, 0), TfdsWriter.example(IMAGE, 1)));
    broken[broken.length - 1] ^= 1;
    TfdsWriter.write(toy.shard("train", 0, 1), broken);
    assertFails(ExitCode.DATA, () -> find("toy").open("train[:1]")).contains("corrupt in record 1");
  }

  @Test
  void aRecordThatCannotBeUsedIsDataAndNamed() {
    assertRecordRefused(TfdsWriter.example(IMAGE, 3), "has label 3, expected 0 to 2");
    assertRecordRefused(TfdsWriter.example(IMAGE, -2), "has label -2, expected 0 to 2");
    assertRecordRefused(TfdsWriter.example(IMAGE, -1), "has label -1, expected labels in all");
    assertRecordRefused(TfdsWriter.example(IMAGE), "has 0 integers in label, expected 1 label");
    assertRecordRefused(new byte[0], "has 0 byte strings in image, expected 1 image");
    assertRecordRefused(new byte[] {-1, -1, -1}, "is not a tf.train.Example");
    assertRecordRefused(TfdsWriter.example(new byte[0], 0), "has an image that is empty");
    assertRecordRefused(
        TfdsWriter.example(Arrays.copyOf(IMAGE, 40), 0), "has an image that is truncated");
  }

  @Test
  void aMissingShardIsNoInput() {
    toy.info("train", "[\"1\"]");
    assertFails(ExitCode.NO_INPUT, () -> find("toy").open("train"))
        .contains("toy-train.tfrecord-00000-of-00001 is missing");
  }

  @Test
  void aMissingDataSetIsNoInputAndListsWhatIsThere() {
    assertFails(ExitCode.NO_INPUT, () -> find("cifar10"))
        .contains("cifar10 is missing")
        .contains("toy");
    assertFails(ExitCode.NO_INPUT, () -> TfdsDirectory.find(Optional.of(dir.resolve("no")), "toy"))
        .contains("in " + dir.resolve("no") + ": nothing");
    assertFails(ExitCode.USAGE, () -> TfdsDirectory.find(Optional.empty(), "toy"))
        .contains("--data_dir is missing");
    for (String name : new String[] {"folders:x", "toy:1", "a/b/c", "", "../toy"}) {
      assertFails(ExitCode.USAGE, () -> find(name)).contains("--dataset is \"" + name + "\"");
    }
  }

  @Test
  void descriptionsThatCannotBeUsedAreData() {
    toy.split("train", TfdsWriter.example(IMAGE, 0));
    assertInfoRefused("{", "is not valid JSON");
    assertInfoRefused("[]", "holds no JSON object");
    assertInfoRefused("{\"name\": \"toy\"}", "splits is , expected a list of splits");
    assertInfoRefused(
        "{\"splits\": [{\"name\": \"a\", \"shardLengths\": [1]}]}", "name is , expected a name");
    assertInfoRefused(
        "{\"name\": \"toy\", \"fileFormat\": \"riegeli\"}", "riegeli, expected tfrecord");
    assertInfoRefused(
        "{\"name\": \"toy\", \"splits\": [{\"name\": \"a\", \"shardLengths\": [\"x\"]}]}",
        "shardLengths of a is \"x\", expected a number");
    assertInfoRefused(
        "{\"name\": \"toy\", \"splits\": [{\"name\": \"a\", \"shardLengths\": [-1]}]}",
        "shardLengths of a is \"-1\"");
    assertInfoRefused(
        "{\"name\": \"toy\", \"splits\": [{\"name\": \"a\"}]}", "shardLengths of a is ");

    toy.info("train", "[\"1\"]");
    assertFeaturesRefused(TfdsWriter.FEATURES.replace("Image", "Tensor"), "one image among them");
    assertFeaturesRefused(
        TfdsWriter.FEATURES.replace("uint8", "float32"), "float32, expected uint8");
    assertFeaturesRefused(TfdsWriter.FEATURES.replace("\"3\"}}", "\"0\"}}"), "numClasses of label");
    assertFeaturesRefused(TfdsWriter.FEATURES.replace("\"3\"}}", "\"4\"}}"), "3 names, expected 4");
    assertFeaturesRefused("{}", "features is [], expected one image");
  }

  private void assertRecordRefused(byte[] record, String why) {
    toy.split("train", TfdsWriter.example(IMAGE, 0), record);
    assertFails(ExitCode.DATA, () -> find("toy").open("train"))
        .contains("toy-train.tfrecord-00000-of-00001: record 1 " + why);
  }

  private void assertInfoRefused(String json, String why) {
    toy.write("dataset_info.json", json);
    assertFails(ExitCode.DATA, () -> find("toy")).contains("dataset_info.json").contains(why);
  }

  private void assertFeaturesRefused(String json, String why) {
    toy.write("features.json", json);
    assertFails(ExitCode.DATA, () -> find("toy")).contains("features.json").contains(why);
  }

  private void writeShard(int shard, int shards, int... labels) {
    TfdsWriter.write(
        toy.shard("train", shard, shards),
        TfdsWriter.records(
            Arrays.stream(labels).mapToObj(label -> TfdsWriter.example(IMAGE, label)).toList()));
  }

  private TfdsDirectory find(String name) {
    return TfdsDirectory.find(Optional.of(dir), name);
  }

  private List<Long> labels(String split) {
    return ((Records.InMemory) find("toy").open(split).records()).labels().asList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
