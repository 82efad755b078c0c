package simclr.eval.probe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.metrics.MultiLabels;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.sgd.LinearSgd;

final class ProbeCheckpointTest {
  private static final Logreg SEVEN = logreg(1e-4);

  @TempDir Path dir;
  private final List<String> said = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aStoppedChoiceGoesOnAndEndsAsOneThatWasNot(boolean isMultiLabel) throws IOException {
    FeatureSets sets = isMultiLabel ? isMultiLabel() : Clouds.sets(120, 60, 6, 3, 1);
    assertThat(one(SEVEN, sets, "whole", () -> false)).isPresent();
    said.clear();

    assertThat(one(SEVEN, sets, "stopped", after(3))).isEmpty();
    assertThat(file("stopped")).exists();
    assertThat(one(SEVEN, sets, "stopped", after(2))).isEmpty();
    assertThat(one(SEVEN, sets, "stopped", () -> false)).isPresent();

    assertThat(said)
        .contains("l2: resuming after 3 of 7 values", "l2: resuming after 5 of 7 values");
    assertThat(record("stopped")).isEqualTo(record("whole"));
    assertThat(file("stopped")).doesNotExist();
  }

  @Test
  void aStoppedTrainingGoesOnAndEndsAsOneThatWasNot() throws IOException {
    FeatureSets sets = Clouds.sets(120, 60, 6, 3, 1);
    // Batches run on across the ends of epochs.
    Protocol linear = new LinearSgd(10, 50, 0.1, 1, 0.9, true);
    assertThat(one(linear, sets, "whole", () -> false)).isPresent();
    said.clear();

    assertThat(one(linear, sets, "stopped", after(7))).isEmpty();
    assertThat(dir.resolve("stopped/linear.partial")).exists();
    assertThat(one(linear, sets, "stopped", after(4))).isEmpty();
    assertThat(one(linear, sets, "stopped", () -> false)).isPresent();

    assertThat(said)
        .contains(
            "training: resuming after 7 of 25 steps", "training: resuming after 11 of 25 steps");
    assertThat(record("stopped")).isEqualTo(record("whole"));
    assertThat(dir.resolve("stopped/linear.partial")).doesNotExist();
  }

  @Test
  void whatIsOfOtherSettingsDataOrSeedIsNotUsed() {
    FeatureSets sets = Clouds.sets(120, 60, 6, 3, 1);
    FeatureSets others = Clouds.sets(120, 60, 6, 3, 1.5);
    one(SEVEN, sets, "run", after(3));

    for (Runnable other :
        List.<Runnable>of(
            () -> one(logreg(1e-5), sets, "run", after(0)),
            () -> one(SEVEN, others, "run", after(0)),
            () -> run(SEVEN, sets, "run", 2).one(Optional.empty(), reporter(), after(0)))) {
      said.clear();
      other.run();
      assertThat(said)
          .containsExactly(
              file("run") + " is of other settings, data or versions: l2 is chosen from the start");
    }
    said.clear();
    one(SEVEN, sets, "run", after(0));
    assertThat(said).containsExactly("l2: resuming after 3 of 7 values");
  }

  @Test
  void whatIsBrokenIsNotUsed() throws IOException {
    FeatureSets sets = Clouds.sets(60, 30, 3, 3, 1);
    one(SEVEN, sets, "run", after(2));
    byte[] whole = Files.readAllBytes(file("run"));
    byte[] flipped = whole.clone();
    flipped[whole.length / 2] ^= 1;
    byte[] noText = whole.clone();
    noText[whole.length / 2] = (byte) 0xff;

    for (byte[] broken :
        List.of(
            new byte[0],
            "{}".getBytes(StandardCharsets.UTF_8),
            Arrays.copyOf(whole, whole.length - 1),
            flipped,
            noText)) {
      Files.write(file("run"), broken);
      said.clear();
      one(SEVEN, sets, "run", after(0));
      assertThat(said)
          .containsExactly(file("run") + " is broken and not used: l2 is chosen from the start");
    }
  }

  @Test
  void eachLayerAndEachSeedHasItsOwnUntilAllAreDone() {
    FeatureSets sets = Clouds.sets(120, 60, 6, 3, 1);
    ProbeRun layers =
        new ProbeRun(
            GivenFeatures.of(sets, "first", "second"),
            SEVEN,
            ImmutableList.of(1L, 2L),
            Optional.of(dir.resolve("layers")));
    // Two seeds of the first layer, one of the second, and two values.
    assertThat(layers.all(reporter(), after(23))).isEmpty();
    assertThat(dir.resolve("layers/first/logreg-seed1.partial")).exists();
    assertThat(dir.resolve("layers/second/logreg-seed2.partial")).exists();
    said.clear();

    assertThat(layers.all(reporter(), () -> false)).isPresent();

    assertThat(said)
        .filteredOn(line -> line.startsWith("l2: resuming"))
        .containsExactly(
            "l2: resuming after 7 of 7 values",
            "l2: resuming after 7 of 7 values",
            "l2: resuming after 7 of 7 values",
            "l2: resuming after 2 of 7 values");
    assertThat(dir.resolve("layers/first")).isDirectoryNotContaining("glob:**.partial");
    assertThat(dir.resolve("layers/second")).isDirectoryNotContaining("glob:**.partial");
  }

  private static Logreg logreg(double smallest) {
    return new Logreg(OptionalDouble.empty(), 7, smallest, 1, false, 0.2, 500, 1e-6, 1e-4);
  }

  private Optional<ProbeResult> one(
      Protocol protocol, FeatureSets sets, String name, BooleanSupplier stop) {
    return run(protocol, sets, name, 1).one(Optional.empty(), reporter(), stop);
  }

  private ProbeRun run(Protocol protocol, FeatureSets sets, String name, long seed) {
    return new ProbeRun(
        GivenFeatures.of(sets, "features"),
        protocol,
        ImmutableList.of(seed),
        Optional.of(dir.resolve(name)));
  }

  private Path file(String name) {
    return dir.resolve(name).resolve("logreg.partial");
  }

  private ObjectNode record(String name) throws IOException {
    ObjectNode json =
        (ObjectNode) new ObjectMapper().readTree(dir.resolve(name + "/result.json").toFile());
    return json.without("seconds");
  }

  private Reporter reporter() {
    return Reporter.lines(said::add);
  }

  /** Stops before the next value when so many were tried. */
  private static BooleanSupplier after(int values) {
    AtomicInteger asked = new AtomicInteger();
    return () -> asked.incrementAndGet() > values;
  }

  private static FeatureSets isMultiLabel() {
    FeatureSets single = Clouds.sets(120, 60, 6, 3, 1);
    return Clouds.sets(
        isMultiLabel(single.train()), Optional.empty(), isMultiLabel(single.test()), 3);
  }

  /** Besides its own class each fifth example is of class 0. */
  private static LabelledFeatures isMultiLabel(LabelledFeatures single) {
    boolean[][] rows = new boolean[single.examples()][3];
    for (int i = 0; i < rows.length; i++) {
      rows[i][single.labels().get(i)] = true;
      rows[i][0] |= i % 5 == 0;
    }
    return new LabelledFeatures(
        single.name(), single.matrix(), Labels.of(MultiLabels.of(rows)), single.digest());
  }
}
