package simclr.eval.probe.ridge;

import java.util.Arrays;
import java.util.OptionalDouble;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.linalg.SelfAdjointEig;
import org.tensorflow.op.linalg.TriangularSolve;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.probe.Covariance;
import simclr.eval.probe.LinearClassifier;
import simclr.eval.probe.NativeFeatures;
import simclr.eval.probe.Standardizer;
import simclr.graph.GraphOps;

/**
 * The minimum of {@code 1/2n |X W + b - Y|^2 + l2/2 |W|^2} for one-hot Y.
 *
 * <p>With centred X the bias is the mean of Y, and {@code W = (X'X/n + l2)^-1 X'Y/n}; with fewer
 * examples than features the same W is {@code X' (XX'/n + l2)^-1 Y/n}, whose matrix is smaller.
 * Both are solved by Cholesky's decomposition in double precision on the native runtime.
 */
final class RidgeFit {
  private static final int VALUES = 28;
  private static final double LOWEST_POWER = -6;
  private static final double HIGHEST_POWER = 3;

  /** Larger sets are held in single precision; sums over blocks are double in any case. */
  private static final long MOST_DOUBLES = (256L << 20) / Double.BYTES;

  private final LinearClassifier classifier;
  private final double objective;
  private final double l2;

  private RidgeFit(LinearClassifier classifier, double objective, double l2) {
    this.classifier = classifier;
    this.objective = objective;
    this.l2 = l2;
  }

  LinearClassifier classifier() {
    return classifier;
  }

  double objective() {
    return objective;
  }

  double l2() {
    return l2;
  }

  /**
   * Fits.
   *
   * @param l2 empty to choose it by generalised cross-validation (Golub, Heath and Wahba, 1979)
   */
  static RidgeFit of(LabelledFeatures examples, int classes, OptionalDouble l2) {
    Standardizer scaling = Standardizer.centring(examples.matrix());
    int n = examples.examples();
    boolean dual = n < scaling.width();
    boolean doubles = dual || (long) n * scaling.width() <= MOST_DOUBLES;
    int blockRows = dual ? n : NativeFeatures.blockRows(scaling.width());
    Class<? extends TNumber> type = doubles ? TFloat64.class : TFloat32.class;
    try (NativeFeatures features = NativeFeatures.load(examples, scaling, doubles, blockRows);
        Problem problem = Problem.of(features, scaling.width(), classes, dual, type)) {
      // The penalty is that of the features as they are, whatever they were scaled by.
      double square = scaling.factor() * scaling.factor();
      double best = l2.isPresent() ? l2.getAsDouble() * square : problem.choose();
      Solution solution = problem.solve(best);
      if (Arrays.stream(solution.parameters).anyMatch(p -> !Float.isFinite((float) p))) {
        throw tooSmall();
      }
      return new RidgeFit(
          LinearClassifier.of(scaling, classes, solution.parameters),
          solution.residual / 2 + best / 2 * solution.length,
          best / square);
    }
  }

  private static UserException tooSmall() {
    return new UserException(
        ExitCode.DATA,
        "--l2 is too small for these features, which depend on each other; expected a larger one,"
            + " or none to have it chosen");
  }

  /** Weights and biases, mean squared residual of an example, squared length of the weights. */
  private static final class Solution {
    final double[] parameters;
    final double residual;
    final double length;

    Solution(double[] parameters, double residual, double length) {
      this.parameters = parameters;
      this.residual = residual;
      this.length = length;
    }
  }

  /** The matrix, its right-hand side and its eigenvalues. */
  private static final class Problem implements AutoCloseable {
    private final TFloat64 matrix;
    private final TFloat64 right;
    private final double[] eigenvalues;
    private final double[] frequencies;
    private final NativeFeatures features;
    private final int width;
    private final int classes;
    private final boolean dual;
    private final int n;

    private Problem(
        TFloat64 matrix,
        TFloat64 right,
        double[] frequencies,
        NativeFeatures features,
        int width,
        int classes,
        boolean dual) {
      this.matrix = matrix;
      this.right = right;
      this.frequencies = frequencies;
      this.features = features;
      this.width = width;
      this.classes = classes;
      this.dual = dual;
      this.n = features.blocks().stream().mapToInt(NativeFeatures.Block::rows).sum();
      this.eigenvalues = eigenvalues(matrix);
    }

    static <T extends TNumber> Problem of(
        NativeFeatures features, int width, int classes, boolean dual, Class<T> type) {
      int[] counts = new int[classes];
      int n = 0;
      for (NativeFeatures.Block block : features.blocks()) {
        for (int i = 0; i < block.rows(); i++) {
          counts[block.labels().getInt(i)]++;
        }
        n += block.rows();
      }
      double[] frequencies = new double[classes];
      for (int c = 0; c < classes; c++) {
        frequencies[c] = (double) counts[c] / n;
      }
      TFloat64 matrix = dual ? gram(features, width, n) : Covariance.of(features, width, type);
      TFloat64 right =
          dual
              ? targets(features, classes, frequencies, n)
              : product(features, width, classes, type, n);
      return new Problem(matrix, right, frequencies, features, width, classes, dual);
    }

    /** The penalty with the smallest score, the larger of equal ones. */
    double choose() {
      double mean = 0;
      for (double value : eigenvalues) {
        mean += Math.max(0, value);
      }
      mean /= Math.min(width, n);
      if (!(mean > 0)) {
        return 1; // No feature varies: every penalty gives the same.
      }
      double best = Double.NaN;
      double bestScore = Double.POSITIVE_INFINITY;
      for (int i = 0; i < VALUES; i++) {
        double share = (double) i / (VALUES - 1);
        double power = HIGHEST_POWER * (1 - share) + LOWEST_POWER * share;
        double l2 = mean * Math.pow(10, power);
        double freedom = 1;
        for (double value : eigenvalues) {
          freedom += Math.max(0, value) / (Math.max(0, value) + l2);
        }
        double left = 1 - freedom / n;
        if (left <= 0) {
          continue;
        }
        double score = solve(l2).residual / (left * left);
        if (score < bestScore) {
          bestScore = score;
          best = l2;
        }
      }
      return Double.isNaN(best) ? mean : best;
    }

    Solution solve(double l2) {
      try (Graph graph = new Graph()) {
        Ops tf = GraphOps.of(graph);
        Operand<TFloat64> m = tf.placeholder(TFloat64.class, Placeholder.shape(matrix.shape()));
        Operand<TFloat64> r = tf.placeholder(TFloat64.class, Placeholder.shape(right.shape()));
        Operand<TFloat64> penalty = tf.placeholder(TFloat64.class);
        Operand<TFloat64> ones = tf.fill(tf.array(Math.toIntExact(matrix.shape().get(0))), penalty);
        Operand<TFloat64> root = tf.linalg.cholesky(tf.math.add(m, tf.linalg.tensorDiag(ones)));
        Operand<TFloat64> solution =
            tf.linalg.triangularSolve(
                root, tf.linalg.triangularSolve(root, r), TriangularSolve.adjoint(true));
        Operand<TFloat64> explained = tf.sum(tf.math.mul(solution, r), tf.array(0, 1));
        Operand<TFloat64> own = tf.sum(tf.math.square(solution), tf.array(0, 1));
        try (Session session = new Session(graph);
            TFloat64 factor = TFloat64.scalarOf(l2);
            Result result =
                session
                    .runner()
                    .feed(m, matrix)
                    .feed(r, right)
                    .feed(penalty, factor)
                    .fetch(solution)
                    .fetch(explained)
                    .fetch(own)
                    .run()) {
          double with = ((TFloat64) result.get(1)).getDouble();
          double length = ((TFloat64) result.get(2)).getDouble();
          return dual
              ? dual((TFloat64) result.get(0), l2, with, length)
              : primal((TFloat64) result.get(0), l2, with, length);
        } catch (TFInvalidArgumentException e) {
          throw tooSmall();
        }
      }
    }

    @Override
    public void close() {
      matrix.close();
      right.close();
    }

    /** W'R = W'(C + l2) W gives the squared error without another look at the examples. */
    private Solution primal(TFloat64 weights, double l2, double explained, double length) {
      double residual = spread() - explained - l2 * length;
      return new Solution(parameters(weights), Math.max(0, residual), length);
    }

    /** (XX'/n + l2) A = Y/n: the residual is n l2 A, and the weights' length A'XX'A. */
    private Solution dual(TFloat64 a, double l2, double explained, double own) {
      try (Graph graph = new Graph()) {
        Ops tf = GraphOps.of(graph);
        Operand<TFloat64> x = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(n, width)));
        Operand<TFloat64> multipliers =
            tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(n, classes)));
        Operand<TFloat64> weights = tf.linalg.matMul(x, multipliers, MatMul.transposeA(true));
        try (Session session = new Session(graph);
            Result result =
                session
                    .runner()
                    .feed(x, features.blocks().get(0).features())
                    .feed(multipliers, a)
                    .fetch(weights)
                    .run()) {
          double length = n * (explained - l2 * own);
          return new Solution(parameters((TFloat64) result.get(0)), n * l2 * l2 * own, length);
        }
      }
    }

    /** Mean squared length of the centred one-hot rows. */
    private double spread() {
      double spread = 1;
      for (double frequency : frequencies) {
        spread -= frequency * frequency;
      }
      return spread;
    }

    private double[] parameters(TFloat64 weights) {
      double[] parameters = new double[(width + 1) * classes];
      weights.asRawTensor().data().asDoubles().read(parameters, 0, width * classes);
      System.arraycopy(frequencies, 0, parameters, width * classes, classes);
      return parameters;
    }

    private static double[] eigenvalues(TFloat64 matrix) {
      try (Graph graph = new Graph()) {
        Ops tf = GraphOps.of(graph);
        Operand<TFloat64> m = tf.placeholder(TFloat64.class, Placeholder.shape(matrix.shape()));
        Operand<TFloat32> values =
            tf.linalg
                .selfAdjointEig(tf.dtypes.cast(m, TFloat32.class), SelfAdjointEig.computeV(false))
                .e();
        try (Session session = new Session(graph);
            Result result = session.runner().feed(m, matrix).fetch(values).run()) {
          float[] read = new float[Math.toIntExact(matrix.shape().get(0))];
          ((TFloat32) result.get(0)).asRawTensor().data().asFloats().read(read);
          double[] found = new double[read.length];
          for (int i = 0; i < found.length; i++) {
            found[i] = read[i];
          }
          return found;
        }
      }
    }

    private static TFloat64 gram(NativeFeatures features, int width, int n) {
      try (Graph graph = new Graph()) {
        Ops tf = GraphOps.of(graph);
        Operand<TFloat64> x = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(n, width)));
        Operand<TFloat64> products =
            tf.math.div(tf.linalg.matMul(x, x, MatMul.transposeB(true)), tf.constant((double) n));
        try (Session session = new Session(graph)) {
          TType rows = features.blocks().get(0).features();
          return (TFloat64) session.runner().feed(x, rows).fetch(products).run().get(0);
        }
      }
    }

    private static TFloat64 targets(
        NativeFeatures features, int classes, double[] frequencies, int n) {
      return TFloat64.tensorOf(
          Shape.of(n, classes),
          t -> {
            NativeFeatures.Block all = features.blocks().get(0);
            for (int i = 0; i < n; i++) {
              for (int c = 0; c < classes; c++) {
                double one = all.labels().getInt(i) == c ? 1 : 0;
                t.setDouble((one - frequencies[c]) / n, i, c);
              }
            }
          });
    }

    private static <T extends TNumber> TFloat64 product(
        NativeFeatures features, int width, int classes, Class<T> type, int n) {
      try (Graph graph = new Graph()) {
        Ops tf = GraphOps.of(graph);
        Operand<T> x = tf.placeholder(type, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, width)));
        Operand<TInt32> labels =
            tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE)));
        Operand<T> oneHot =
            tf.oneHot(
                labels,
                tf.constant(classes),
                tf.dtypes.cast(tf.constant(1f), type),
                tf.dtypes.cast(tf.constant(0f), type));
        Operand<TFloat64> sum =
            tf.dtypes.cast(tf.linalg.matMul(x, oneHot, MatMul.transposeA(true)), TFloat64.class);
        double[] total = new double[width * classes];
        double[] part = new double[width * classes];
        try (Session session = new Session(graph)) {
          for (NativeFeatures.Block block : features.blocks()) {
            try (Result result =
                session
                    .runner()
                    .feed(x, block.features())
                    .feed(labels, block.labels())
                    .fetch(sum)
                    .run()) {
              ((TFloat64) result.get(0)).asRawTensor().data().asDoubles().read(part);
              for (int i = 0; i < total.length; i++) {
                total[i] += part[i] / n;
              }
            }
          }
        }
        return TFloat64.tensorOf(
            Shape.of(width, classes), t -> t.asRawTensor().data().asDoubles().write(total));
      }
    }
  }
}
