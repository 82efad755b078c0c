package simclr.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The loss of SimCLRv2's equations 2 and 3 against loops written out here. */
@Tag("numeric")
final class DistillationLossTest {
  private static final float[][] STUDENT = {{1, 2, 0.5f}, {0, -1, 2}, {0.3f, 0.2f, 0.1f}};
  private static final float[][] TEACHER = {{2, 1, 0}, {0, 0, 3}, {1, 0, 0.5f}};
  private static final long[] LABELS = {1, -1, 2};

  @Test
  void termsAreThoseOfTheEquations() {
    float[] found = evaluate(new DistillationLoss(0.5f, 0.75f));
    double distillation = 0;
    double supervised = 0;
    for (int i = 0; i < STUDENT.length; i++) {
      double[] taught = softmax(TEACHER[i], 0.5);
      double[] softened = softmax(STUDENT[i], 0.5);
      for (int c = 0; c < 3; c++) {
        distillation -= taught[c] * Math.log(softened[c]) / 3;
      }
      if (LABELS[i] >= 0) {
        supervised -= Math.log(softmax(STUDENT[i], 1)[(int) LABELS[i]]) / 2;
      }
    }
    distillation *= 0.25;
    assertThat((double) found[1]).isCloseTo(distillation, within(1e-6));
    assertThat((double) found[3]).isCloseTo(supervised, within(1e-6));
    assertThat((double) found[0]).isCloseTo(0.75 * distillation + 0.25 * supervised, within(1e-6));
  }

  @Test
  void agreementAndAccuracyAreShares() {
    float[] found = evaluate(new DistillationLoss(1, 1));
    assertThat(found[2]).isEqualTo(2f / 3);
    assertThat(found[4]).isEqualTo(0.5f);
    assertThat(found[0]).isEqualTo(found[1]);
  }

  private static float[] evaluate(DistillationLoss loss) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> student = tf.constant(STUDENT);
      DistillationLoss.Result built =
          loss.build(tf, student, tf.constant(TEACHER), tf.constant(LABELS));
      try (Session session = new Session(graph);
          Result result =
              session
                  .runner()
                  .fetch(built.loss())
                  .fetch(built.distillation())
                  .fetch(built.agreement())
                  .fetch(built.supervised())
                  .fetch(built.accuracy())
                  .run()) {
        float[] values = new float[result.size()];
        for (int i = 0; i < values.length; i++) {
          values[i] = ((TFloat32) result.get(i)).getFloat();
        }
        return values;
      }
    }
  }

  private static double[] softmax(float[] logits, double temperature) {
    double sum = 0;
    double[] p = new double[logits.length];
    for (int c = 0; c < p.length; c++) {
      p[c] = Math.exp(logits[c] / temperature);
      sum += p[c];
    }
    for (int c = 0; c < p.length; c++) {
      p[c] /= sum;
    }
    return p;
  }
}
