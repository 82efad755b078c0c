package simclr.eval.probe.logistic;

import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.linalg.SelfAdjointEig;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;
import simclr.eval.probe.Covariance;
import simclr.eval.probe.NativeFeatures;
import simclr.graph.GraphOps;

/**
 * The axes along which centred features vary independently of each other.
 *
 * <p>Turning features to them changes no objective, since a rotation keeps the length of weights.
 * But along them the curvature of the cross entropy is nearly diagonal, so that a search that
 * starts from a diagonal estimate needs tens of steps where it needed thousands.
 */
final class PcaRotation implements AutoCloseable {
  /** The decomposition costs the cube of the width: a minute at this one. */
  static final int WIDEST = 4096;

  /** Up to this width double precision costs a second or two. */
  private static final int EXACT = 1024;

  private final int width;
  private final TFloat64 axes;
  private final double[] variances;

  private PcaRotation(int width, TFloat64 axes, double[] variances) {
    this.width = width;
    this.axes = axes;
    this.variances = variances;
  }

  /**
   * Finds the axes of features of mean 0.
   *
   * @param type float32 or float64, as the blocks are
   */
  static <T extends TNumber> PcaRotation of(NativeFeatures features, int width, Class<T> type) {
    try (TFloat64 covariance = Covariance.of(features, width, type)) {
      return width <= EXACT
          ? decompose(covariance, width, TFloat64.class)
          : decompose(covariance, width, TFloat32.class);
    }
  }

  /** Of the features along each axis. */
  double variance(int axis) {
    return variances[axis];
  }

  /** Turns features, block by block. */
  <T extends TNumber> void turn(NativeFeatures features, Class<T> type) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Operand<T> x = tf.placeholder(type, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, width)));
      Operand<TFloat64> q = tf.placeholder(TFloat64.class, Placeholder.shape(axes.shape()));
      Operand<T> turned = tf.linalg.matMul(x, tf.dtypes.cast(q, type));
      try (Session session = new Session(graph)) {
        features.replaceEach(
            block -> {
              Result result =
                  session.runner().feed(x, block.features()).feed(q, axes).fetch(turned).run();
              return (TType) result.get(0);
            });
      }
    }
  }

  /**
   * Weights for features as they were, from weights for turned ones.
   *
   * @param parameters weights, feature by feature, then biases, which stay
   */
  double[] back(double[] parameters, int classes) {
    return turned(parameters, classes, false);
  }

  /** The other way round. */
  double[] into(double[] parameters, int classes) {
    return turned(parameters, classes, true);
  }

  private double[] turned(double[] parameters, int classes, boolean into) {
    int count = width * classes;
    double[] all = parameters.clone();
    try (Graph graph = new Graph();
        TFloat64 turned =
            TFloat64.tensorOf(
                Shape.of(width, classes),
                t ->
                    DataBuffers.of(all, true, false)
                        .copyTo(t.asRawTensor().data().asDoubles(), count))) {
      Ops tf = GraphOps.of(graph);
      Operand<TFloat64> q = tf.placeholder(TFloat64.class, Placeholder.shape(axes.shape()));
      Operand<TFloat64> w = tf.placeholder(TFloat64.class, Placeholder.shape(turned.shape()));
      Operand<TFloat64> product = tf.linalg.matMul(q, w, MatMul.transposeA(into));
      try (Session session = new Session(graph);
          Result result = session.runner().feed(q, axes).feed(w, turned).fetch(product).run()) {
        ((TFloat64) result.get(0)).asRawTensor().data().asDoubles().read(all, 0, count);
      }
    }
    return all;
  }

  @Override
  public void close() {
    axes.close();
  }

  /**
   * Wide ones in single precision, which is several times as fast. A step of Newton's method brings
   * the axes to right angles in double precision: that they are eigenvectors to six digits only
   * costs some steps of the search, that they keep lengths matters.
   */
  private static <T extends TNumber> PcaRotation decompose(
      TFloat64 covariance, int width, Class<T> type) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Operand<TFloat64> c = tf.placeholder(TFloat64.class, Placeholder.shape(covariance.shape()));
      SelfAdjointEig<T> eig =
          tf.linalg.selfAdjointEig(tf.dtypes.cast(c, type), SelfAdjointEig.computeV(true));
      Operand<TFloat64> v = tf.dtypes.cast(eig.v(), TFloat64.class);
      Operand<TFloat64> gram = tf.linalg.matMul(v, v, MatMul.transposeA(true));
      Operand<TFloat64> right =
          tf.math.sub(
              tf.math.mul(tf.constant(1.5), v),
              tf.math.mul(tf.constant(0.5), tf.linalg.matMul(v, gram)));
      Operand<TFloat64> variances =
          tf.sum(tf.math.mul(right, tf.linalg.matMul(c, right)), tf.constant(0));
      try (Session session = new Session(graph)) {
        Result result = session.runner().feed(c, covariance).fetch(right).fetch(variances).run();
        double[] found = new double[width];
        try (TFloat64 values = (TFloat64) result.get(1)) {
          values.asRawTensor().data().asDoubles().read(found);
        }
        return new PcaRotation(width, (TFloat64) result.get(0), found);
      }
    }
  }
}
