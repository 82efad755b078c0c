package simclr.data.source;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.data.records.Undecodable;

final class ImageFolderTest {
  private static final byte[] IMAGE = TestImages.png(6, 4);

  private final Path dir;

  ImageFolderTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void splitsOfClassesShareTheirLabels() {
    write("train/cat/1.png", "train/ant/1.png", "train/ant/2.png");
    write("test/cat/1.png", "test/bee/1.png");
    assertThat(labels("train"))
        .containsOnly(
            Map.entry("train/cat/1.png", 2L),
            Map.entry("train/ant/1.png", 0L),
            Map.entry("train/ant/2.png", 0L));
    assertThat(labels("test"))
        .containsOnly(Map.entry("test/cat/1.png", 2L), Map.entry("test/bee/1.png", 1L));
    assertThat(open("test").labelNames()).containsExactly("ant", "bee", "cat");
    assertThat(open("train+test").examples()).isEqualTo(5);
    assertFails(ExitCode.USAGE, () -> open("validation")).contains("expected one of test, train");
  }

  @Test
  void classesWithoutSplitsAreTrain() {
    write("b/x.PNG", "a/y.JpG", "a/z.jpeg", "a/readme.txt", "a/.hidden.png", ".git/x.png", "note");
    Split split = open("train");
    assertThat(split.labelNames()).containsExactly("a", "b");
    assertThat(split.summary())
        .isEqualTo(
            "folder "
                + dir
                + ", split train: 3 examples, 2 classes, png, smallest side 4 px,"
                + " 4 other files left out");
    assertFails(ExitCode.USAGE, () -> open("test")).contains("expected one of train");
  }

  @Test
  void labelsFollowTheCodePointsOfTheNames() {
    // UTF-16 would put the emoji, a surrogate pair, before the private-use letter.
    write("\uE000/1.png", "\uD83D\uDE00/1.png", "Z/1.png", "a/1.png", "10/1.png", "9/1.png");
    assertThat(open("train").labelNames())
        .containsExactly("10", "9", "Z", "a", "\uE000", "\uD83D\uDE00");
  }

  @Test
  void bareImagesHaveNoLabels() {
    write("1.png", "2.png");
    Split split = open("train");
    assertThat(split.labelled()).isFalse();
    assertThat(labels("train").values()).containsOnly(-1L);
    assertThat(split.summary()).contains("2 examples, no labels");
  }

  @Test
  void aSingleClassIsNoLabel() {
    write("pictures/1.png", "pictures/2.png");
    assertThat(open("train").labelled()).isFalse();
    assertThat(labels("train").values()).containsOnly(-1L);
  }

  @Test
  void foldersNamedLikeSplitsAreSplitsNotClasses() {
    write("train/1.png", "test/1.png", "test/2.png");
    assertThat(open("train").examples()).isEqualTo(1);
    assertThat(open("test").labelled()).isFalse();
  }

  @Test
  void aSplitWithoutLabelsMayStandBesideOthers() {
    write("train/a/1.png", "train/b/1.png", "unlabelled/1.png", "unlabelled/2.png");
    assertThat(open("train").labelled()).isTrue();
    assertThat(open("unlabelled").labelled()).isFalse();
    assertThat(open("train+unlabelled").labelled()).isFalse();
    assertThat(labels("train+unlabelled").values()).containsOnly(-1L);
  }

  @Test
  void aSliceTakesFromEveryClass() {
    for (String label : new String[] {"a", "b", "c", "d"}) {
      IntStream.range(0, 50).forEach(i -> write(label + "/" + i + ".png"));
    }
    Set<Long> seen = new HashSet<>(labels("train[:20%]").values());
    assertThat(seen).containsExactlyInAnyOrder(0L, 1L, 2L, 3L);
    Set<String> head = labels("train[:20%]").keySet();
    Set<String> tail = labels("train[20%:]").keySet();
    assertThat(head).hasSize(40).doesNotContainAnyElementsOf(tail);
    assertThat(labels("train[:20%]")).isEqualTo(labels("train[:20%]"));
  }

  @Test
  void unusualImagesAreCounted() {
    TfdsWriter.write(
        dir.resolve("g.png"), TestImages.encoded("png", BufferedImage.TYPE_USHORT_GRAY, 9, 9));
    TfdsWriter.write(dir.resolve("c.jpg"), TestImages.cmykJpeg(16, 8));
    write("i.png");
    assertThat(open("train").facts())
        .containsExactly(
            "2 png",
            "1 jpeg",
            "smallest side 4 px",
            "1 grey (used as RGB)",
            "1 of 16 bits (used with their high 8)",
            "1 CMYK (converted to RGB)");
  }

  @Test
  void everyImageThatCannotBeUsedIsNamed() {
    write("a/good.png");
    TfdsWriter.write(dir.resolve("a/cut.png"), Arrays.copyOf(IMAGE, IMAGE.length - 1));
    TfdsWriter.write(dir.resolve("b/empty.jpg"), new byte[0]);
    TfdsWriter.write(dir.resolve("b/text.gif"), new byte[] {'t', 'e', 'x', 't'});
    assertFails(ExitCode.DATA, () -> open("train"))
        .startsWith("3 of 4 images cannot be used: ")
        .contains(dir.resolve("a/cut.png") + " is truncated after " + (IMAGE.length - 1) + " bytes")
        .contains(dir.resolve("b/empty.jpg") + " is empty")
        .contains(dir.resolve("b/text.gif") + " is no PNG, JPEG, GIF or BMP");
    IntStream.range(0, 9)
        .forEach(i -> TfdsWriter.write(dir.resolve("b/" + i + ".png"), new byte[0]));
    assertFails(ExitCode.DATA, () -> open("train")).contains("12 of 13").endsWith("; and 7 more");
  }

  @Test
  void anImageThatNoMachineHasMemoryForIsNamed() {
    byte[] huge = IMAGE.clone();
    // Width and height of a PNG: 65,536 by what they were.
    huge[17] = 1;
    huge[21] = 1;
    TfdsWriter.write(dir.resolve("huge.png"), huge);
    assertFails(ExitCode.DATA, () -> open("train"))
        .contains("huge.png has 655")
        .endsWith(" pixels, expected at most 50 million");
  }

  @Test
  void brokenPixelsBehindAGoodHeadAreLeftToTheDecoder() {
    write("1.png");
    byte[] broken = IMAGE.clone();
    broken[45] ^= 1;
    TfdsWriter.write(dir.resolve("2.png"), broken);
    assertThat(open("train").examples()).isEqualTo(2);
    assertThat(TestImages.decodes(broken)).isFalse();
  }

  @Test
  void imagesAtTwoDepthsAreData() {
    write("a/1.png", "b/1.png", "loose.png");
    assertFails(ExitCode.DATA, () -> open("train")).contains("loose.png lies beside folders");
  }

  @Test
  void foldersWithinAClassAreData() {
    write("train/a/1.png", "train/a/deeper/2.png");
    assertFails(ExitCode.DATA, () -> open("train"))
        .contains(dir.resolve("train/a/deeper") + " holds images within class a");
  }

  @Test
  void aFolderWithoutImagesIsNoInput() {
    write("a/readme.md");
    assertFails(ExitCode.NO_INPUT, () -> open("train")).contains("holds no images");
    assertFails(ExitCode.NO_INPUT, () -> ImageFolder.in(dir.resolve("absent")))
        .contains("absent is missing, expected a folder of images");
    assertFails(ExitCode.USAGE, () -> DataSource.of(RunConfig.of(Map.of("dataset", "folder:"))))
        .contains("expected folder:DIR");
  }

  private Split open(String split) {
    return DataSource.of(RunConfig.of(Map.of("dataset", "folder:" + dir))).open(split);
  }

  private Map<String, Long> labels(String split) {
    Records.ImageFiles records = (Records.ImageFiles) open(split).records();
    List<Path> files = records.files();
    return IntStream.range(0, files.size())
        .boxed()
        .collect(toMap(i -> dir.relativize(files.get(i)).toString(), i -> records.labels().get(i)));
  }

  private void write(String... names) {
    for (String name : names) {
      TfdsWriter.write(dir.resolve(name), IMAGE);
    }
  }
}
