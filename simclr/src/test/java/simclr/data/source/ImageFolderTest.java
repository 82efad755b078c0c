package simclr.data.source;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static simclr.data.UserErrors.assertFails;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.records.Records;
import simclr.data.records.Split;

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
        .contains(dir.resolve("b/text.gif") + " is not a PNG, JPEG, GIF or BMP");
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
    assertFails(ExitCode.NO_INPUT, () -> ImageFolder.in(dir.resolve("absent"), ScanStop.NEVER))
        .contains("absent is missing, expected a folder of images");
    assertFails(ExitCode.USAGE, () -> DataSource.of(RunConfig.of(Map.of("dataset", "folder:"))))
        .contains("expected folder:DIR");
  }

  @Test
  void aLinkThatLeadsBackIsNamed() throws IOException {
    write("a/1.png", "b/1.png");
    for (String name : List.of("x", "y", "z")) {
      Files.createSymbolicLink(dir.resolve("a").resolve(name), Path.of("."));
    }
    assertFails(ExitCode.DATA, () -> open("train"))
        .startsWith(dir.resolve("a/x") + " is a link that leads back to ")
        .endsWith("expected links to other folders only");
  }

  @Test
  void aChainOfLinksThatLeadsBackIsNamed() throws IOException {
    write("a/1.png", "b/1.png");
    Files.createSymbolicLink(dir.resolve("a/other"), Path.of("../b"));
    Files.createSymbolicLink(dir.resolve("b/other"), Path.of("../a"));
    assertFails(ExitCode.DATA, () -> open("train"))
        .startsWith(dir.resolve("a/other/other") + " is a link that leads back to ");
  }

  @Test
  void aLinkToAFolderAboveIsNamed() throws IOException {
    write("a/1.png");
    Files.createSymbolicLink(dir.resolve("a/up"), dir.getParent());
    assertFails(ExitCode.DATA, () -> open("train")).startsWith(dir.resolve("a/up") + " is a link");
  }

  @Test
  void linksThatMultiplyEndSoon() throws IOException {
    for (int layer = 0; layer < 14; layer++) {
      Files.createDirectories(dir.resolve("layers/" + layer));
      for (String name : List.of("x", "y", "z")) {
        Files.createSymbolicLink(
            dir.resolve("layers/" + layer).resolve(name), dir.resolve("layers/" + (layer + 1)));
      }
    }
    write("layers/14/1.png");
    Files.createDirectories(dir.resolve("top"));
    Files.createSymbolicLink(dir.resolve("top/x"), dir.resolve("layers/0"));
    assertFails(
            ExitCode.DATA, () -> ImageFolder.in(dir.resolve("top"), ScanStop.NEVER).open("train"))
        .contains("which more than 100 links lead to");
  }

  @Test
  void linksToOtherFoldersAndToFilesAreFollowed(@TempDir Path elsewhere) throws IOException {
    write("a/1.png", "a/2.png");
    TfdsWriter.write(elsewhere.resolve("3.png"), IMAGE);
    Files.createSymbolicLink(dir.resolve("b"), elsewhere);
    Files.createSymbolicLink(dir.resolve("sibling"), Path.of("a"));
    Files.createSymbolicLink(dir.resolve("a/4.png"), elsewhere.resolve("3.png"));
    Files.createSymbolicLink(dir.resolve("self"), Path.of("self"));
    Split split = open("train");
    assertThat(split.labelNames()).containsExactly("a", "b", "sibling");
    assertThat(split.examples()).isEqualTo(7);
    assertThat(split.facts()).contains("1 other file left out");
  }

  @Test
  void imagesOfUnknownKindsAreLeftOutByKind() {
    write("1.png", "a.webp", "b.WEBP", "c.tif", "Thumbs.db");
    assertThat(open("train").facts())
        .contains("1 other file left out", "left out: 1 TIFF, 2 WebP; convert them to PNG or JPEG");
  }

  @Test
  void whereAllImagesAreOfUnknownKindsTheyAreNamed() {
    write("a.webp", "b.heic");
    assertFails(ExitCode.NO_INPUT, () -> open("train"))
        .endsWith("(left out: 1 HEIC, 1 WebP; convert them to PNG or JPEG)");
  }

  @Test
  void aFileIsNotAFolder() {
    write("1.png");
    assertFails(ExitCode.NO_INPUT, () -> ImageFolder.in(dir.resolve("1.png"), ScanStop.NEVER))
        .endsWith("1.png is a file, expected a folder of images");
  }

  @Test
  void anyCharacterMayStandInANameOfAClassOrAFile() {
    write("new\nline/%s \"1\".png", "-lead'/{}[*]?.png", "emoji \uD83D\uDE00/1.png");
    assertThat(open("train").labelNames())
        .containsExactly("-lead'", "emoji \uD83D\uDE00", "new\nline");
    assertThat(labels("train")).containsEntry("new\nline/%s \"1\".png", 2L);
  }

  @Test
  void aScanEndsWhenItIsToStop() {
    write("a/1.png", "b/1.png");
    RunConfig config = RunConfig.of(Map.of("dataset", "folder:" + dir));
    assertThatThrownBy(() -> DataSource.of(config, () -> true))
        .isInstanceOf(CancellationException.class);
    AtomicBoolean stop = new AtomicBoolean();
    DataSource source = DataSource.of(config, stop::get);
    stop.set(true);
    assertThatThrownBy(() -> source.open("train")).isInstanceOf(CancellationException.class);
  }

  @Test
  void orientationsAndSizesAreCounted() {
    TfdsWriter.write(dir.resolve("turned.jpg"), TestImages.turned(TestImages.jpeg(8, 6), 6));
    TfdsWriter.write(dir.resolve("upright.jpg"), TestImages.turned(TestImages.jpeg(8, 6), 1));
    TfdsWriter.write(dir.resolve("other.png"), TestImages.png(8, 8));
    Split split = open("train");
    assertThat(split.facts()).contains("1 with an EXIF orientation (ignored, as in the reference)");
    assertThat(split.sizes().orElseThrow().others(8)).isEqualTo(2);
    assertThat(split.sizes().orElseThrow().firstOther(8).orElseThrow()).hasToString("8 x 6");
  }

  @Test
  void examiningLooksPastWhatIsBroken() {
    write("a/good.png");
    TfdsWriter.write(dir.resolve("a/cut.png"), Arrays.copyOf(IMAGE, IMAGE.length - 1));
    IntStream.range(0, 9)
        .forEach(i -> TfdsWriter.write(dir.resolve("b/" + i + ".png"), new byte[0]));
    Examined examined =
        DataSource.of(RunConfig.of(Map.of("dataset", "folder:" + dir))).examine("train");
    assertThat(examined.examples()).isEqualTo(11);
    assertThat(examined.broken()).hasSize(10);
    assertThat(examined.usable().orElseThrow().examples()).isEqualTo(1);
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
