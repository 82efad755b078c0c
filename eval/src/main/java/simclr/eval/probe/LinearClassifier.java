package simclr.eval.probe;

import java.util.Arrays;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.LabelledFeatures;
import simclr.graph.GraphOps;

/** A trained linear classifier: scores are weights times scaled features, plus biases. */
public final class LinearClassifier {
  private static final int BLOCK_ROWS = 1024;

  private final Standardizer scaling;
  private final int classes;
  private final float[] weights;
  private final float[] bias;

  private LinearClassifier(Standardizer scaling, int classes, float[] weights, float[] bias) {
    this.scaling = scaling;
    this.classes = classes;
    this.weights = weights;
    this.bias = bias;
  }

  /**
   * Takes over parameters.
   *
   * @param parameters weights, feature by feature, then biases
   */
  public static LinearClassifier of(Standardizer scaling, int classes, double[] parameters) {
    float[] all = new float[parameters.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = (float) parameters[i];
    }
    int weights = scaling.width() * classes;
    return new LinearClassifier(
        scaling,
        classes,
        Arrays.copyOf(all, weights),
        Arrays.copyOfRange(all, weights, all.length));
  }

  /** Takes the scores of one example. */
  interface ScoreTaker {
    /** The array is not kept. */
    void take(int example, float[] scores);
  }

  /**
   * Scores all examples in their order.
   *
   * @throws UserException DATA if a score overflows
   */
  void score(LabelledFeatures examples, ScoreTaker taker) {
    scoreUnchecked(
        examples,
        (example, scores) -> {
          for (float score : scores) {
            if (!Float.isFinite(score)) {
              throw new UserException(
                  ExitCode.DATA,
                  "%s row %s has features so large that the classifier's scores overflow, expected"
                      + " features of the scale of the training examples",
                  examples.name(),
                  example);
            }
          }
          taker.take(example, scores);
        });
  }

  private void scoreUnchecked(LabelledFeatures examples, ScoreTaker taker) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Shape inputs = Shape.of(Shape.UNKNOWN_SIZE, scaling.width());
      Shape matrix = Shape.of(scaling.width(), classes);
      Operand<TFloat32> x = tf.placeholder(TFloat32.class, Placeholder.shape(inputs));
      Operand<TFloat32> w = tf.placeholder(TFloat32.class, Placeholder.shape(matrix));
      Operand<TFloat32> b = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(classes)));
      Operand<TFloat32> scores = tf.math.add(tf.linalg.matMul(x, w), b);
      try (Session session = new Session(graph);
          TFloat32 weightTensor = TFloat32.tensorOf(matrix, DataBuffers.of(weights, true, false));
          TFloat32 biasTensor = TFloat32.vectorOf(bias)) {
        NativeFeatures.stream(
            examples.matrix(),
            scaling,
            false,
            BLOCK_ROWS,
            block -> {
              try (Result result =
                  session
                      .runner()
                      .feed(x, block.features())
                      .feed(w, weightTensor)
                      .feed(b, biasTensor)
                      .fetch(scores)
                      .run()) {
                hand((TFloat32) result.get(0), block, taker);
              }
            });
      }
    }
  }

  /** The scores of all examples, shape (examples, classes). */
  public float[][] scores(LabelledFeatures examples) {
    float[][] all = new float[examples.examples()][];
    score(examples, (example, scores) -> all[example] = scores.clone());
    return all;
  }

  /** The class of the best score of each example, the lowest of equal ones. */
  public int[] predict(LabelledFeatures examples) {
    int[] predicted = new int[examples.examples()];
    score(
        examples,
        (example, scores) -> {
          for (int c = 1; c < classes; c++) {
            if (scores[c] > scores[predicted[example]]) {
              predicted[example] = c;
            }
          }
        });
    return predicted;
  }

  /** How many examples are named right. */
  public int correct(LabelledFeatures examples) {
    int[] predicted = predict(examples);
    int correct = 0;
    for (int i = 0; i < predicted.length; i++) {
      correct += predicted[i] == examples.labels().get(i) ? 1 : 0;
    }
    return correct;
  }

  /** Mean cross entropy in nats; not finite where training overflowed. */
  public double crossEntropy(LabelledFeatures examples) {
    double[] sum = new double[1];
    scoreUnchecked(
        examples,
        (example, scores) -> {
          double largest = Double.NEGATIVE_INFINITY;
          for (float score : scores) {
            largest = Math.max(largest, score);
          }
          double total = 0;
          for (float score : scores) {
            total += Math.exp(score - largest);
          }
          sum[0] += largest + Math.log(total) - scores[examples.labels().get(example)];
        });
    return sum[0] / examples.examples();
  }

  private void hand(TFloat32 scores, NativeFeatures.Block block, ScoreTaker taker) {
    float[] all = new float[block.rows() * classes];
    scores.asRawTensor().data().asFloats().read(all);
    float[] row = new float[classes];
    for (int i = 0; i < block.rows(); i++) {
      System.arraycopy(all, i * classes, row, 0, classes);
      taker.take(block.first() + i, row);
    }
  }
}
