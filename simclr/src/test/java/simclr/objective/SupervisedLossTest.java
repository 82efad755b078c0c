package simclr.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Softmax cross entropy and accuracy against a loop over the rows. */
@Tag("numeric")
final class SupervisedLossTest {
  private static final float[][] FIRST_VIEWS = {{1, 2, 0.5f}, {0, -1, 2}};
  private static final float[][] SECOND_VIEWS = {{3, 1, 1}, {0.3f, 0.2f, 5}};
  private static final long[] LABELS = {1, 2};

  @Test
  void itIsTheMeanCrossEntropyOfTheRows() {
    double expected = 0;
    for (int i = 0; i < 2; i++) {
      expected += crossEntropy(FIRST_VIEWS[i], (int) LABELS[i]) / 2;
    }
    float[] found = evaluate(FIRST_VIEWS, LABELS);
    assertThat((double) found[0]).isCloseTo(expected, within(1e-6));
    assertThat(found[1]).isEqualTo(1f);
  }

  @Test
  void bothViewsOfAnImageHaveItsLabel() {
    float[][] rows = {FIRST_VIEWS[0], FIRST_VIEWS[1], SECOND_VIEWS[0], SECOND_VIEWS[1]};
    double expected = 0;
    for (int i = 0; i < 4; i++) {
      expected += crossEntropy(rows[i], (int) LABELS[i % 2]) / 4;
    }
    float[] found = evaluate(rows, LABELS);
    assertThat((double) found[0]).isCloseTo(expected, within(1e-6));
    assertThat(found[1]).isEqualTo(0.75f);
  }

  @Test
  void ofEqualLogitsTheFirstIsTheAnswer() {
    assertThat(evaluate(new float[][] {{1, 1, 0}, {1, 1, 0}}, new long[] {0, 1})[1])
        .isEqualTo(0.5f);
  }

  private static double crossEntropy(float[] logits, int label) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    return Math.log(sum) - logits[label];
  }

  private static float[] evaluate(float[][] logits, long[] labels) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      SupervisedLoss.Result built =
          SupervisedLoss.build(tf, tf.constant(logits), tf.constant(labels));
      try (Session session = new Session(graph);
          Result result = session.runner().fetch(built.loss()).fetch(built.accuracy()).run()) {
        return new float[] {
          ((TFloat32) result.get(0)).getFloat(), ((TFloat32) result.get(1)).getFloat()
        };
      }
    }
  }
}
