package simclr.eval.probe.logistic;

import java.util.Arrays;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.SparseSoftmaxCrossEntropyWithLogits;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TFloating;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;
import simclr.eval.probe.NativeFeatures;
import simclr.graph.GraphOps;

/**
 * Mean cross entropy of a linear classifier plus {@code l2 / 2} times its squared weights, with the
 * gradient, computed by TensorFlow on examples that stay in native memory.
 *
 * <p>Parameters are the weights, feature by feature (all classes of the first feature, then those
 * of the second), then the biases, which are not penalised. Sums over blocks of examples are of
 * double precision whatever the blocks are.
 */
final class LogisticObjective implements Lbfgs.Objective, AutoCloseable {
  /** Below this a penalty says nothing of how far the minimum is. */
  private static final double LEAST_L2 = 1e-9;

  /** A classifier that is sure of everything still has some curvature by what it may become. */
  private static final double LEAST_SPREAD = 1e-7;

  private static final double RELIED_ON = 0.01;

  private final NativeFeatures examples;
  private final double[] variances;
  private final int classes;
  private final boolean doubles;
  private final long rows;
  private final Graph graph = new Graph();
  private final Session session;
  private final Operand<? extends TType> features;
  private final Operand<TInt32> labels;
  private final Operand<? extends TType> weights;
  private final Operand<? extends TType> bias;
  private final Operand<TFloat64> loss;
  private final Operand<? extends TType> weightGradient;
  private final Operand<? extends TType> biasGradient;
  private final Operand<TFloat64> certainty;
  private double l2;
  private double tolerance;
  private double spread;

  private <T extends TFloating & TNumber> LogisticObjective(
      NativeFeatures examples, double[] variances, int classes, Class<T> type) {
    this.examples = examples;
    this.variances = variances.clone();
    this.classes = classes;
    this.doubles = type == TFloat64.class;
    this.rows = examples.blocks().stream().mapToLong(NativeFeatures.Block::rows).sum();
    Ops tf = GraphOps.of(graph);
    Operand<T> x =
        tf.placeholder(type, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, variances.length)));
    Operand<T> w = tf.placeholder(type, Placeholder.shape(Shape.of(variances.length, classes)));
    Operand<T> b = tf.placeholder(type, Placeholder.shape(Shape.of(classes)));
    this.labels = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE)));
    Operand<T> logits = tf.math.add(tf.linalg.matMul(x, w), b);
    SparseSoftmaxCrossEntropyWithLogits<T> entropy =
        tf.nn.sparseSoftmaxCrossEntropyWithLogits(logits, labels);
    Operand<T> residual = entropy.backprop();
    this.features = x;
    this.weights = w;
    this.bias = b;
    this.loss = tf.sum(tf.dtypes.cast(entropy.loss(), TFloat64.class), tf.constant(0));
    this.weightGradient = tf.linalg.matMul(x, residual, MatMul.transposeA(true));
    this.biasGradient = tf.sum(residual, tf.constant(0));
    Operand<TFloat64> squares =
        tf.dtypes.cast(tf.math.square(tf.nn.softmax(logits)), TFloat64.class);
    this.certainty = tf.sum(squares, tf.array(0, 1));
    this.session = new Session(graph);
  }

  /**
   * Builds the computation.
   *
   * @param examples stay the caller's; each feature has mean 0
   * @param variances of the features
   * @param doubles whether they are of double precision
   */
  static LogisticObjective of(
      NativeFeatures examples, double[] variances, int classes, boolean doubles) {
    return doubles
        ? new LogisticObjective(examples, variances, classes, TFloat64.class)
        : new LogisticObjective(examples, variances, classes, TFloat32.class);
  }

  /**
   * Sets the penalty.
   *
   * @param tolerance the minimum is reached when the value lies above it by no more than about this
   *     part of itself
   */
  LogisticObjective with(double l2, double tolerance) {
    this.l2 = l2;
    this.tolerance = tolerance;
    return this;
  }

  int dimension() {
    return classes * (variances.length + 1);
  }

  @Override
  public double valueAndGradient(double[] at, double[] gradient) {
    Arrays.fill(gradient, 0);
    int weightCount = classes * variances.length;
    double total = 0;
    double sure = 0;
    try (TType w = tensor(Shape.of(variances.length, classes), at, 0);
        TType b = tensor(Shape.of(classes), at, weightCount)) {
      for (NativeFeatures.Block block : examples.blocks()) {
        try (Result result =
            session
                .runner()
                .feed(features, block.features())
                .feed(labels, block.labels())
                .feed(weights, w)
                .feed(bias, b)
                .fetch(loss)
                .fetch(weightGradient)
                .fetch(biasGradient)
                .fetch(certainty)
                .run()) {
          total += ((TFloat64) result.get(0)).getDouble();
          add((TType) result.get(1), gradient, 0, weightCount);
          add((TType) result.get(2), gradient, weightCount, classes);
          sure += ((TFloat64) result.get(3)).getDouble();
        }
      }
    }
    double penalty = 0;
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] /= rows;
      if (i < weightCount) {
        penalty += at[i] * at[i];
        gradient[i] += l2 * at[i];
      }
    }
    spread = (1 - sure / rows) / classes;
    return total / rows + l2 / 2 * penalty;
  }

  /**
   * That of a feature is its variance times p (1 - p), averaged over examples and classes where the
   * last value was taken: the surer the classifier, the flatter the cross entropy.
   */
  @Override
  public void curvature(double[] diagonal) {
    int weightCount = classes * variances.length;
    double largest = 0;
    for (int d = 0; d < variances.length; d++) {
      largest = Math.max(largest, variances[d]);
    }
    for (int i = 0; i < diagonal.length; i++) {
      // A feature that hardly varies has no curvature of its own, which must not make it leap.
      double variance = i < weightCount ? Math.max(variances[i / classes], 1e-10 * largest) : 1;
      diagonal[i] = Math.max(spread, LEAST_SPREAD) * variance + (i < weightCount ? l2 : 0);
      if (!(diagonal[i] > 0)) {
        diagonal[i] = 1;
      }
    }
  }

  /**
   * The value lies above its minimum by half the squared derivatives over the curvatures. Each of
   * these is at least l2 in a weight; beyond that a hundredth of the estimate is relied on.
   */
  @Override
  public boolean reached(double value, double[] gradient) {
    int weightCount = classes * variances.length;
    double above = 0;
    for (int i = 0; i < gradient.length; i++) {
      double variance = i < weightCount ? variances[i / classes] : 1;
      double sure = RELIED_ON * Math.max(spread, LEAST_SPREAD) * Math.max(0, variance);
      double least = (i < weightCount ? Math.max(l2, LEAST_L2) : 0) + sure;
      above += gradient[i] * gradient[i] / (2 * least);
    }
    return above <= tolerance * value;
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }

  private TType tensor(Shape shape, double[] at, int from) {
    int size = Math.toIntExact(shape.size());
    if (doubles) {
      return TFloat64.tensorOf(
          shape,
          t ->
              DataBuffers.of(Arrays.copyOfRange(at, from, from + size), true, false)
                  .copyTo(t.asRawTensor().data().asDoubles(), size));
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) at[from + i];
    }
    return TFloat32.tensorOf(
        shape,
        t -> DataBuffers.of(values, true, false).copyTo(t.asRawTensor().data().asFloats(), size));
  }

  private void add(TType values, double[] to, int from, int size) {
    if (doubles) {
      double[] read = new double[size];
      ((TFloat64) values).asRawTensor().data().asDoubles().read(read);
      for (int i = 0; i < size; i++) {
        to[from + i] += read[i];
      }
    } else {
      float[] read = new float[size];
      ((TFloat32) values).asRawTensor().data().asFloats().read(read);
      for (int i = 0; i < size; i++) {
        to[from + i] += read[i];
      }
    }
  }
}
