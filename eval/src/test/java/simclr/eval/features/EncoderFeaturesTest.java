package simclr.eval.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.export.bundle.TimeLimits;

/** Twelve procedural images through a ResNet-18 that was never trained. */
@Tag("numeric")
final class EncoderFeaturesTest {
  private static final ImmutableMap<String, String> FLAGS =
      ImmutableMap.<String, String>builder()
          .put("dataset", "synthetic:train=12,test=11,size=16")
          .put("eval_split", "test")
          .put("image_size", "16")
          .put("resnet_depth", "18")
          .put("eval_batch_size", "4")
          .put("seed", "3")
          .buildOrThrow();

  @TempDir Path dir;
  private final List<String> said = new ArrayList<>();

  @Test
  void everyLayerHasItsWidthAndTheLastBlockGroupIsH() {
    try (EncoderFeatures source = open(Kind.RANDOM_INIT, FLAGS, dir)) {
      List<FeatureSets> sets =
          source.load(source.layers(), Reporter.lines(said::add), () -> false).orElseThrow();

      assertThat(source.layers())
          .containsExactly(
              "block_group1",
              "block_group2",
              "block_group3",
              "block_group4",
              "final_avg_pool",
              "proj_head_1",
              "proj_head_2",
              "proj_head_output");
      assertThat(sets.stream().map(set -> set.train().matrix().columns()))
          .containsExactly(64, 128, 256, 512, 512, 512, 512, 128);
      assertThat(rows(sets.get(3).test()))
          .usingElementComparator(java.util.Arrays::compare)
          .containsExactlyElementsOf(rows(sets.get(4).test()));
      FeatureSets h = sets.get(4);
      assertThat(h.test().labels().toArray()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0);
      assertThat(h.trust())
          .containsEntry("encoder_frozen", "verified")
          .containsEntry("batch_norm", "moving statistics");
      assertThat(h.trust().get("variables_sha256_before"))
          .isEqualTo(h.trust().get("variables_sha256_after"))
          .hasSize(64);
    }
  }

  @Test
  void extractingTwiceGivesTheSameBytesAndTheSecondTimeReadsThem() throws IOException {
    load(FLAGS, dir.resolve("a"), () -> false);
    load(FLAGS, dir.resolve("b"), () -> false);

    Map<String, byte[]> first = npyFiles(dir.resolve("a"));
    Map<String, byte[]> second = npyFiles(dir.resolve("b"));
    assertThat(first).hasSize(4).containsOnlyKeys(second.keySet());
    first.forEach((name, bytes) -> assertThat(second.get(name)).isEqualTo(bytes));

    // Whoever extracts asks whether to stop; whoever reads does not.
    load(
        FLAGS,
        dir.resolve("a"),
        () -> {
          throw new AssertionError("extracted again");
        });
  }

  @Test
  void anImageIsTheSameAloneAndInABatchAndTheLastBatchMayBeSmall() throws IOException {
    FeatureSets ragged = load(FLAGS, dir.resolve("a"), () -> false).orElseThrow();
    FeatureSets alone =
        load(with("eval_batch_size", "1"), dir.resolve("b"), () -> false).orElseThrow();

    assertThat(ragged.test().examples()).isEqualTo(11);
    assertThat(alone.test().labels().toArray()).isEqualTo(ragged.test().labels().toArray());
    for (int i = 0; i < 11; i++) {
      assertThat(rows(alone.test()).get(i))
          .containsExactly(rows(ragged.test()).get(i), within(1e-5f));
    }
  }

  @Test
  void aStoppedExtractionGoesOnAndEndsWithTheSameBytes() throws IOException {
    load(FLAGS, dir.resolve("whole"), () -> false);
    AtomicInteger asked = new AtomicInteger();

    assertThat(load(FLAGS, dir.resolve("stopped"), () -> asked.incrementAndGet() > 2)).isEmpty();
    assertThat(npyFiles(dir.resolve("stopped"))).isEmpty();
    said.clear();
    assertThat(load(FLAGS, dir.resolve("stopped"), () -> false)).isPresent();

    assertThat(said).anyMatch(line -> line.contains("going on behind 8 of 12 examples"));
    Map<String, byte[]> whole = npyFiles(dir.resolve("whole"));
    npyFiles(dir.resolve("stopped"))
        .forEach((name, bytes) -> assertThat(bytes).isEqualTo(whole.get(name)));
  }

  /** All files had their names, and what says that the extraction ended was not written. */
  @Test
  void anExtractionThatWasKilledAtItsEndIsMadeAgainAndLeavesNothingElse() throws IOException {
    load(FLAGS, dir, () -> false);
    Map<String, byte[]> whole = npyFiles(dir);
    for (Path about : named("features.json")) {
      Files.delete(about);
      Files.writeString(
          about.resolveSibling("progress.json"),
          "{\"rows\":8,\"batch\":4,\"layers\":[\"final_avg_pool\",\"labels\"]}");
      Files.createFile(about.resolveSibling(".features.json.17-0123abcd.tmp"));
    }

    load(FLAGS, dir, () -> false);

    assertThat(named("features.json")).hasSize(2);
    assertThat(named("progress.json")).isEmpty();
    assertThat(named(".features.json.17-0123abcd.tmp")).isEmpty();
    npyFiles(dir).forEach((name, bytes) -> assertThat(bytes).isEqualTo(whole.get(name)));
  }

  private List<Path> named(String name) throws IOException {
    try (Stream<Path> files = Files.walk(dir)) {
      return files.filter(file -> file.getFileName().toString().equals(name)).toList();
    }
  }

  @Test
  void otherWeightsHaveAnotherPlace() throws IOException {
    FeatureSets three = load(FLAGS, dir, () -> false).orElseThrow();
    FeatureSets four = load(with("seed", "4"), dir, () -> false).orElseThrow();

    assertThat(npyFiles(dir)).hasSize(8);
    assertThat(rows(four.test()).get(0)).isNotEqualTo(rows(three.test()).get(0));
  }

  @Test
  void pixelsAreTheImageInUnitRange() {
    try (EncoderFeatures source = open(Kind.RAW_PIXELS, FLAGS, dir)) {
      FeatureSets sets =
          source
              .load(ImmutableList.of("pixels"), Reporter.lines(said::add), () -> false)
              .orElseThrow()
              .get(0);
      assertThat(sets.test().matrix().columns()).isEqualTo(16 * 16 * 3);
      for (float value : rows(sets.test()).get(5)) {
        assertThat(value).isBetween(0f, 1f);
      }
    }
  }

  @Test
  void bfloat16KeepsEightBits() throws IOException {
    FeatureSets exact = load(FLAGS, dir, () -> false).orElseThrow();
    FeatureSets rounded;
    try (EncoderFeatures source =
        EncoderFeatures.open(
            choice(Kind.RANDOM_INIT, FLAGS, dir, FeatureDtype.BFLOAT16), quiet())) {
      rounded = source.load(ImmutableList.of(Layers.H), quiet(), () -> false).orElseThrow().get(0);
    }
    float[] wanted = rows(exact.test()).get(3);
    float[] found = rows(rounded.test()).get(3);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(found[i]).isCloseTo(wanted[i], within(Math.abs(wanted[i]) / 256 + 1e-30f));
    }
  }

  @Test
  void aLayerThatIsNotThereIsAnsweredWithThoseThatAre() {
    try (EncoderFeatures source = open(Kind.RANDOM_INIT, with("proj_head_mode", "none"), dir)) {
      assertThatThrownBy(() -> source.layer(Optional.of("z")))
          .isInstanceOf(UserException.class)
          .hasMessage(
              "--encoder=random_init has no layer z, expected one of block_group1, block_group2,"
                  + " block_group3, block_group4, final_avg_pool");
      assertThat(source.layer(Optional.of("h"))).isEqualTo("final_avg_pool");
    }
  }

  private Optional<FeatureSets> load(
      ImmutableMap<String, String> flags, Path output, BooleanSupplier stop) {
    try (EncoderFeatures source = open(Kind.RANDOM_INIT, flags, output)) {
      return source
          .load(ImmutableList.of(Layers.H), Reporter.lines(said::add), stop)
          .map(sets -> sets.get(0));
    }
  }

  private EncoderFeatures open(Kind kind, ImmutableMap<String, String> flags, Path output) {
    return EncoderFeatures.open(choice(kind, flags, output, FeatureDtype.FLOAT32), quiet());
  }

  private static EncoderChoice choice(
      Kind kind, ImmutableMap<String, String> flags, Path output, FeatureDtype dtype) {
    return new EncoderChoice(
        kind,
        flags,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(output),
        dtype,
        TimeLimits.DEFAULT);
  }

  private static Reporter quiet() {
    return Reporter.lines(line -> {});
  }

  private static ImmutableMap<String, String> with(String flag, String value) {
    Map<String, String> flags = new HashMap<>(FLAGS);
    flags.put(flag, value);
    return ImmutableMap.copyOf(flags);
  }

  private static Map<String, byte[]> npyFiles(Path below) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (Stream<Path> all = Files.walk(below)) {
      for (Path file : all.filter(path -> path.toString().endsWith(".npy")).toList()) {
        files.put(below.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static List<float[]> rows(LabelledFeatures examples) {
    List<float[]> rows = new ArrayList<>();
    for (int i = 0; i < examples.examples(); i++) {
      float[] row = new float[examples.matrix().columns()];
      examples.matrix().copyRow(i, row, 0);
      rows.add(row);
    }
    return rows;
  }
}
