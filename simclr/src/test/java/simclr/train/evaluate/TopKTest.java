package simclr.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The special rows are those of testdata/golden/metrics-special.json. */
final class TopKTest {
  private static final float NAN = Float.NaN;

  @Test
  void labelTiedAtTheFifthPlaceIsAmongFive() {
    assertTopK(0, 1, 5, 5, 4, 3, 2, 1, 1, 0, 0, 0, 0);
  }

  @Test
  void labelBehindFiveIsNotAmongFive() {
    assertTopK(0, 0, 5, 5, 4, 3, 2, 1, .5f, 0, 0, 0, 0);
  }

  @Test
  void everyTiedClassIsAmongFive() {
    assertTopK(0, 1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
  }

  @Test
  void notANumberAtTheLabelIsNeverAHit() {
    assertTopK(0, 0, 2, 1, 2, NAN, 4, 5, 6, 7, 8, 9, 10);
  }

  @Test
  void notANumberElsewhereSpoilsTopFiveOnly() {
    assertTopK(1, 0, 9, 1, 2, NAN, 4, 5, 6, 7, 8, 9, 10);
  }

  @Test
  void infiniteLogitOfTheLabelIsFirstOnly() {
    assertTopK(1, 0, 2, 1, 2, Float.POSITIVE_INFINITY, 4, 5, 6, 7, 8, 9, 10);
  }

  @Test
  void firstOfEqualMaximaIsTheAnswer() {
    assertTopK(0, 1, 2, 1, 7, 7, 0, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void fewerThanSixClassesAreAllAmongFive() {
    assertTopK(0, 1, 0, 1, 2, 3);
  }

  @Test
  void examplesWeighTheSameWhateverTheirBatch() {
    TopK topK = new TopK();
    topK.add(new float[][] {{1, 0}, {1, 0}, {1, 0}}, new long[] {0, 0, 0});
    topK.add(new float[][] {{1, 0}}, new long[] {1});
    assertThat(topK.top1()).isEqualTo(.75f);
    assertThat(topK.examples()).isEqualTo(4);
  }

  @Test
  void nothingCountedIsZero() {
    assertThat(new TopK().top1()).isZero();
    assertThat(new TopK().top5()).isZero();
  }

  @Test
  void runningMeanIsZeroAgainAfterReset() {
    RunningMean mean = new RunningMean();
    mean.add(1);
    mean.add(4);
    assertThat(mean.mean()).isEqualTo(2.5f);
    mean.reset();
    assertThat(mean.mean()).isZero();
  }

  private static void assertTopK(float top1, float top5, long label, float... logits) {
    TopK topK = new TopK();
    topK.add(logits, label);
    assertThat(topK.top1()).as("top 1").isEqualTo(top1);
    assertThat(topK.top5()).as("top 5").isEqualTo(top5);
  }
}
