package simclr.tools.mutants;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.PrecomputedFeatures;
import simclr.io.NpyWriter;

/** Features and labels that another program wrote as {@code .npy}. */
final class FeatureFilesMutantsTest {
  private static final int ROWS = 6;
  private static final int COLUMNS = 4;
  private static final int HEADER_AT = 10;

  @TempDir Path dir;
  private Path features = Path.of("");
  private Path labels = Path.of("");

  @BeforeEach
  void write() {
    features = dir.resolve("features.npy");
    labels = dir.resolve("labels.npy");
    try (NpyWriter rows = NpyWriter.floats(features, ROWS, COLUMNS);
        NpyWriter classes = NpyWriter.longs(labels, ROWS)) {
      for (int i = 0; i < ROWS; i++) {
        rows.row(new float[] {i, 1, -i, 0.5f});
        classes.row(i % 2);
      }
      rows.commit();
      classes.commit();
    }
  }

  @Test
  void matrix() throws Exception {
    Mutants.of("npy, features", Files.readAllBytes(features))
        .check(FeatureFilesMutantsTest::mutate, bytes -> read(bytes, "f"));
  }

  @Test
  void vector() throws Exception {
    Mutants.of("npy, labels", Files.readAllBytes(labels))
        .check(FeatureFilesMutantsTest::mutate, bytes -> read(bytes, "l"));
  }

  private static byte[] mutate(byte[] whole, SplittableRandom random) {
    if (random.nextBoolean()) {
      return Bytes.mutate(whole, random);
    }
    int length = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getShort(HEADER_AT - 2);
    byte[] header = Texts.words(Arrays.copyOfRange(whole, HEADER_AT, HEADER_AT + length), random);
    byte[] mutant = Bytes.spliced(whole, HEADER_AT, length, header);
    ByteBuffer.wrap(mutant)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(HEADER_AT - 2, (short) header.length);
    return mutant;
  }

  /** Every file gets a name of its own: earlier ones are mapped into memory. */
  private Object read(byte[] bytes, String which) throws IOException {
    Path broken = Files.write(Files.createTempFile(dir, "broken", ".npy"), bytes);
    PrecomputedFeatures.Files files =
        new PrecomputedFeatures.Files(
            "train", which.equals("f") ? broken : features, which.equals("l") ? broken : labels);
    try {
      FeatureSets sets =
          new PrecomputedFeatures(files, Optional.empty(), files)
              .load(List.of(), Reporter.lines(line -> {}), () -> false)
              .orElseThrow()
              .get(0);
      return sets.classNames();
    } finally {
      Files.delete(broken);
    }
  }
}
