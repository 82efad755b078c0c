package simclr.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static simclr.data.Statistics.assertProbability;
import static simclr.data.Statistics.assertUncorrelated;
import static simclr.data.Statistics.assertUniform;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** What is random about the blur; its arithmetic is held by the golden numbers. */
@Tag("numeric")
final class BatchBlurTest {
  private static final int IMAGES = 4;
  private static final int STEPS = 2000;

  @Test
  void sigmaIsUniformOncePerBatchAndEveryImageIsBlurredWithProbabilityOneHalf() {
    double[][] draws = new double[IMAGES + 1][STEPS];
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TInt64> seed = tf.placeholder(TInt64.class);
      BatchBlur.Choice choice = BatchBlur.draw(tf, tf.array(IMAGES), seed);
      try (Session session = new Session(graph)) {
        for (int step = 0; step < STEPS; step++) {
          try (TInt64 key = TInt64.vectorOf(5, step);
              Result result =
                  session
                      .runner()
                      .feed(seed, key)
                      .fetch(choice.sigma())
                      .fetch(choice.selected())
                      .run()) {
            draws[0][step] = ((TFloat32) result.get(0)).getFloat();
            for (int i = 0; i < IMAGES; i++) {
              draws[1 + i][step] = ((TFloat32) result.get(1)).getFloat(i);
            }
          }
        }
      }
    }
    assertUniform("sigma", draws[0], 0.1, 2);
    for (int a = 0; a <= IMAGES; a++) {
      if (a > 0) {
        assertProbability("blur of image " + a, draws[a], 0.5);
      }
      for (int b = a + 1; b <= IMAGES; b++) {
        assertUncorrelated("draws " + a + " and " + b, draws[a], draws[b]);
      }
    }
  }

  @Test
  void theSameSeedBlursTheSameAndAnotherDoesNot() {
    assertThat(blurred(3, 1)).isEqualTo(blurred(3, 1));
    assertThat(blurred(3, 2)).isNotEqualTo(blurred(3, 1));
    assertThat(blurred(4, 1)).isNotEqualTo(blurred(3, 1));
  }

  @Test
  void gradientsPassTheBlurAndItsDraws() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> images = inner(tf);
      Operand<TFloat32> blurred = BatchBlur.build(tf, images, 32, tf.array(3L, 1L));
      Output<?> loss = tf.reduceSum(blurred, tf.array(0, 1, 2, 3)).asOutput();
      Output<?>[] gradient =
          graph.addGradients(
              "gradients", new Output<?>[] {loss}, new Output<?>[] {images.asOutput()}, null);
      try (Session session = new Session(graph);
          Result result = session.runner().fetch(gradient[0]).run()) {
        TFloat32 values = (TFloat32) result.get(0);
        // Far from the edges the weights of a pixel add up to 1, blurred or not.
        IntStream.range(0, IMAGES)
            .forEach(i -> assertThat(values.getFloat(i, 6, 6, 1)).isCloseTo(1, within(1e-5f)));
      }
    }
  }

  private static float[] blurred(long seed, long step) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> blurred = BatchBlur.build(tf, inner(tf), 32, tf.array(seed, step));
      try (Session session = new Session(graph);
          Result result = session.runner().fetch(blurred).run()) {
        TFloat32 tensor = (TFloat32) result.get(0);
        float[] values = new float[(int) tensor.size()];
        tensor.copyTo(NdArrays.wrap(tensor.shape(), DataBuffers.of(values)));
        return values;
      }
    }
  }

  /** Images of 12 pixels with values well inside [0, 1]. */
  private static Operand<TFloat32> inner(Ops tf) {
    Shape shape = Shape.of(IMAGES, 12, 12, 3);
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.3f + 0.4f * ((i * 37) % 101) / 101;
    }
    return tf.constant(shape, DataBuffers.of(values));
  }
}
