package simclr.eval;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.data.source.Synthetic;
import simclr.eval.metrics.Accuracy;
import simclr.eval.probe.logistic.LinearProbe;

/** The procedural images keep their class from everything but a representation of structure. */
final class SyntheticTest {
  private static final int CLASSES = 10;
  private static Records.InMemory train;
  private static Records.InMemory test;

  @BeforeAll
  static void paint() {
    train = records(Synthetic.STANDARD.open("train"));
    test = records(Synthetic.STANDARD.open("test"));
  }

  @Test
  void meanColourLeavesTheClassToChance() {
    assertThat(probe(SyntheticTest::meanColour).interval().low()).isLessThan(0.1);
    assertThat(probe(SyntheticTest::meanColour).value()).isLessThan(0.13);
  }

  @Test
  void singlePixelsLeaveTheClassToChance() {
    for (int pixel : new int[] {0, 16, 32 * 16, 32 * 16 + 16, 32 * 32 - 1}) {
      Accuracy accuracy = probe(image -> colourOf(image, pixel));
      assertThat(accuracy.value()).as("pixel %s", pixel).isLessThan(0.14);
    }
  }

  /** Every second pixel of every second row, in all colours. */
  @Test
  void noLinearFunctionOfThePixelsTellsTheClass() {
    assertThat(probe(SyntheticTest::thinned).value()).isLessThan(0.17);
  }

  private interface Features {
    float[] of(byte[] image);
  }

  private static Accuracy probe(Features features) {
    LinearProbe probe =
        LinearProbe.fit(
            rows(train, features),
            labels(train),
            CLASSES,
            new LinearProbe.Settings(1e-3, 60, 1e-3));
    return probe.score(rows(test, features), labels(test));
  }

  private static float[][] rows(Records.InMemory records, Features features) {
    return records.images().stream().map(features::of).toArray(float[][]::new);
  }

  private static int[] labels(Records.InMemory records) {
    return records.labels().stream().mapToInt(label -> (int) label).toArray();
  }

  private static float[] meanColour(byte[] image) {
    float[] mean = new float[3];
    for (int i = 0; i < image.length; i++) {
      mean[i % 3] += Byte.toUnsignedInt(image[i]) / 1024f;
    }
    return mean;
  }

  private static float[] colourOf(byte[] image, int pixel) {
    float[] colour = new float[3];
    for (int c = 0; c < 3; c++) {
      colour[c] = Byte.toUnsignedInt(image[3 * pixel + c]);
    }
    return colour;
  }

  private static float[] thinned(byte[] image) {
    float[] thinned = new float[16 * 16 * 3];
    for (int i = 0; i < 256; i++) {
      int pixel = (i / 16 * 2) * 32 + i % 16 * 2;
      System.arraycopy(colourOf(image, pixel), 0, thinned, 3 * i, 3);
    }
    return thinned;
  }

  private static Records.InMemory records(Split split) {
    return (Records.InMemory) split.records();
  }
}
