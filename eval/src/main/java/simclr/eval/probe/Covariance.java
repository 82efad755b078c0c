package simclr.eval.probe;

import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import simclr.graph.GraphOps;

/** The covariance matrix of features in native memory, summed in double precision. */
public final class Covariance {
  private Covariance() {}

  /**
   * Computes it of features of mean 0.
   *
   * @param type float32 or float64, as the blocks are
   * @return shape (width, width); the caller closes it
   */
  public static <T extends TNumber> TFloat64 of(NativeFeatures features, int width, Class<T> type) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Shape square = Shape.of(width, width);
      Operand<T> x = tf.placeholder(type, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, width)));
      Operand<TFloat64> before = tf.placeholder(TFloat64.class, Placeholder.shape(square));
      Operand<TFloat64> product =
          tf.dtypes.cast(tf.linalg.matMul(x, x, MatMul.transposeA(true)), TFloat64.class);
      Operand<TFloat64> sum = tf.math.add(before, product);
      TFloat64 total = TFloat64.tensorOf(square, t -> {});
      long rows = 0;
      try (Session session = new Session(graph)) {
        total.asRawTensor().data().asDoubles().write(new double[Math.multiplyExact(width, width)]);
        for (NativeFeatures.Block block : features.blocks()) {
          Result result =
              session.runner().feed(x, block.features()).feed(before, total).fetch(sum).run();
          total.close();
          total = (TFloat64) result.get(0);
          rows += block.rows();
        }
      }
      return scaled(total, 1.0 / rows);
    }
  }

  private static TFloat64 scaled(TFloat64 sum, double factor) {
    try (Graph graph = new Graph();
        TFloat64 owned = sum) {
      Ops tf = GraphOps.of(graph);
      Operand<TFloat64> x = tf.placeholder(TFloat64.class, Placeholder.shape(sum.shape()));
      Operand<TFloat64> product = tf.math.mul(x, tf.constant(factor));
      try (Session session = new Session(graph)) {
        return (TFloat64) session.runner().feed(x, owned).fetch(product).run().get(0);
      }
    }
  }
}
