package simclr.parity;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

/** The check values of the files' own description. */
final class FillTest {

  /** Decimals rounded to float32. */
  private static float[] floats(double... numbers) {
    float[] rounded = new float[numbers.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) numbers[i];
    }
    return rounded;
  }

  @Test
  void splitmixOfZero() {
    assertThat(Fill.splitmix64(0)).isEqualTo(0xe220a8397b1dcdafL);
  }

  @Test
  void seedIsTheChecksumInTheUpperHalf() {
    assertThat(Fill.seed("architecture/r18-cifar/images")).isEqualTo(2398878420L << 32);
  }

  @Test
  void uniformNumbers() {
    assertThat(Fill.uniform("architecture/r18-cifar/images", 4))
        .containsExactly(floats(0.476757586, 0.810247064, 0.410094798, 0.336475432));
    assertThat(Fill.uniform("img/8x8", 4))
        .containsExactly(floats(0.8168314695, 0.3013896942, 0.5559144616, 0.4261827468));
  }

  @Test
  void kernelOfTheFirstConvolution() {
    Fill fill =
        new Fill("model/resnet_model/initial_conv_relu_max_pool/0/conv2d/kernel", 1 / 3f, 0f);
    assertThat(fill.values(4))
        .containsExactly(floats(0.261654139, -0.0198191814, 0.292299837, 0.14470236));
  }

  @Test
  void fillWithOffset() {
    assertThat(new Fill("net/dense/kernel", 0.5f, 0.02f).values(3))
        .containsExactly(floats(-0.46859816, 0.07380672, 0.31418845));
  }

  @Test
  void fillWithPeriodRepeats() {
    float[] values = new Fill("net/dense/kernel", 0.5f, 0.02f).values(8, 3);
    assertThat(values).startsWith(floats(-0.46859816, 0.07380672, 0.31418845));
    for (int i = 3; i < values.length; i++) {
      assertThat(values[i]).isEqualTo(values[i - 3]);
    }
  }

  @Test
  void imagesHaveTheirOwnBrightness() {
    float[] images =
        Fill.images(
            "architecture/r18-cifar/images", "architecture/r18-cifar/gain", Shape.of(4, 32, 32, 3));
    assertThat(images).startsWith(floats(0.151055112, 0.586891651, 0.3159554, 0.106608339));
    assertThat(images).endsWith(floats(0.0792699307));
  }

  @Test
  void labels() {
    assertThat(Fill.labels("step/r18-cifar-lars/0/labels", 8, 10))
        .containsExactly(8, 7, 9, 5, 9, 4, 0, 1);
    assertThat(Fill.labels("labels/2/10", 2, 10)).containsExactly(6, 9);
  }

  @Test
  void positionsOfLargeTensors() {
    long[] positions = Samples.positions(262144, 64);
    assertThat(positions).startsWith(1052, 5878, 10991, 14962, 16825, 23942).endsWith(260299);
    assertThat(Samples.positions(1728, 4)).containsExactly(364, 806, 911, 1602);
    assertThat(Samples.positions(64, 4)).containsExactly(12, 22, 47, 50);
  }

  @Test
  void positionsOfSmallTensorsAreAll() {
    assertThat(Samples.positions(3, 4)).containsExactly(0, 1, 2);
    assertThat(Samples.positions(4, 4)).containsExactly(0, 1, 2, 3);
  }
}
