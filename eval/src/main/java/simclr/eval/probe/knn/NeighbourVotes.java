package simclr.eval.probe.knn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.probe.NativeFeatures;
import simclr.eval.probe.Standardizer;

/**
 * Searches the nearest of a bank of examples and adds up their votes, all in native memory: blocks
 * of queries against blocks of the bank, the best of each, then the best of these.
 */
final class NeighbourVotes implements AutoCloseable {
  /** Cosines of a block of queries with a block of the bank take at most 64 MiB. */
  private static final int TILE = 1 << 24;

  private static final int MOST_QUERIES = 1024;
  private static final float SMALLEST_LENGTH = 1e-12f;

  private final NativeFeatures bank;
  private final int width;
  private final int classes;
  private final Graph graph = new Graph();
  private final Session session;
  private final Operand<TFloat32> queries;
  private final List<Operand<TFloat32>> bankRows = new ArrayList<>();
  private final List<Operand<TInt32>> bankLabels = new ArrayList<>();
  private final List<Operand<TFloat32>> votes = new ArrayList<>();

  private NeighbourVotes(NativeFeatures bank, int width, int classes, Knn knn) {
    this.bank = bank;
    this.width = width;
    this.classes = classes;
    Ops tf = Ops.create(graph);
    Shape rows = Shape.of(Shape.UNKNOWN_SIZE, width);
    this.queries = tf.placeholder(TFloat32.class, Placeholder.shape(rows));
    int most = knn.k().stream().mapToInt(Integer::intValue).max().orElseThrow();
    Operand<TFloat32> directions = normalised(tf, queries);
    List<Operand<TFloat32>> cosines = new ArrayList<>();
    List<Operand<TInt32>> labels = new ArrayList<>();
    for (NativeFeatures.Block block : bank.blocks()) {
      Operand<TFloat32> rowsOfBlock = tf.placeholder(TFloat32.class, Placeholder.shape(rows));
      Operand<TInt32> labelsOfBlock =
          tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE)));
      bankRows.add(rowsOfBlock);
      bankLabels.add(labelsOfBlock);
      TopK<TFloat32, TInt32> best =
          tf.nn.topK(
              tf.linalg.matMul(directions, rowsOfBlock, MatMul.transposeB(true)),
              tf.constant(Math.min(most, block.rows())),
              new TopK.Options[0]);
      cosines.add(best.values());
      labels.add(tf.gather(labelsOfBlock, best.indices(), tf.constant(0)));
    }
    Operand<TFloat32> allCosines = joined(tf, cosines);
    TopK<TFloat32, TInt32> best = tf.nn.topK(allCosines, tf.constant(most), new TopK.Options[0]);
    Operand<TInt32> nearest =
        tf.gather(
            joined(tf, labels),
            best.indices(),
            tf.constant(1),
            org.tensorflow.op.core.Gather.batchDims(1L));
    Operand<TFloat32> weights =
        knn.weighting() == Knn.Weighting.EXP
            // The cosine of the same direction gives 1: nothing overflows at a low temperature.
            ? tf.math.exp(
                tf.math.div(
                    tf.math.sub(best.values(), tf.constant(1f)),
                    tf.constant((float) knn.temperature())))
            : tf.onesLike(best.values());
    for (int k : knn.k()) {
      votes.add(votes(tf, first(tf, weights, k), first(tf, nearest, k)));
    }
    this.session = new Session(graph);
  }

  /** Loads the examples that are searched. */
  static NeighbourVotes of(LabelledFeatures bank, int classes, Knn knn) {
    int width = bank.matrix().columns();
    NativeFeatures loaded = NativeFeatures.load(bank, Standardizer.none(width), false);
    try {
      normalise(loaded, width);
      return new NeighbourVotes(loaded, width, classes, knn);
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  /** Takes the votes for one query. */
  interface VoteTaker {
    /**
     * Called for each query and each k.
     *
     * @param index of k among those asked for
     * @param votes by class; the array is not kept
     */
    void take(int example, int index, float[] votes);
  }

  /**
   * Votes for all queries in their order.
   *
   * @return whether it was not stopped
   */
  boolean each(LabelledFeatures examples, VoteTaker taker, BooleanSupplier stop) {
    int longest = bank.blocks().stream().mapToInt(NativeFeatures.Block::rows).max().orElseThrow();
    int rows = Math.max(1, Math.min(MOST_QUERIES, TILE / longest));
    boolean[] stopped = new boolean[1];
    NativeFeatures.stream(
        examples.matrix(),
        Standardizer.none(width),
        false,
        rows,
        block -> {
          stopped[0] = stopped[0] || stop.getAsBoolean();
          if (!stopped[0]) {
            run(block, taker);
          }
        });
    return !stopped[0];
  }

  @Override
  public void close() {
    session.close();
    graph.close();
    bank.close();
  }

  private void run(NativeFeatures.Block block, VoteTaker taker) {
    Session.Runner runner = session.runner().feed(queries, block.features());
    for (int i = 0; i < bankRows.size(); i++) {
      runner.feed(bankRows.get(i), bank.blocks().get(i).features());
      runner.feed(bankLabels.get(i), bank.blocks().get(i).labels());
    }
    votes.forEach(runner::fetch);
    try (Result result = runner.run()) {
      float[] all = new float[block.rows() * classes];
      float[] row = new float[classes];
      for (int index = 0; index < votes.size(); index++) {
        ((TFloat32) result.get(index)).asRawTensor().data().asFloats().read(all);
        for (int i = 0; i < block.rows(); i++) {
          System.arraycopy(all, i * classes, row, 0, classes);
          taker.take(block.first() + i, index, row);
        }
      }
    }
  }

  /** Sums weights by class: shape (n, k) to (n, classes). */
  private Operand<TFloat32> votes(Ops tf, Operand<TFloat32> weights, Operand<TInt32> labels) {
    Operand<TInt32> rows = tf.gather(tf.shape(labels), tf.constant(0), tf.constant(0));
    Operand<TInt32> offsets =
        tf.math.mul(
            tf.expandDims(tf.range(tf.constant(0), rows, tf.constant(1)), tf.constant(1)),
            tf.constant(classes));
    Operand<TFloat32> sums =
        tf.math.unsortedSegmentSum(
            tf.reshape(weights, tf.array(-1)),
            tf.reshape(tf.math.add(labels, offsets), tf.array(-1)),
            tf.math.mul(rows, tf.constant(classes)));
    return tf.reshape(sums, tf.array(-1, classes));
  }

  private static <T extends TType> Operand<T> first(Ops tf, Operand<T> columns, int k) {
    return tf.slice(columns, tf.array(0, 0), tf.array(-1, k));
  }

  private static <T extends TType> Operand<T> joined(Ops tf, List<Operand<T>> parts) {
    return parts.size() == 1 ? parts.get(0) : tf.concat(parts, tf.constant(1));
  }

  private static Operand<TFloat32> normalised(Ops tf, Operand<TFloat32> rows) {
    Operand<TFloat32> squares =
        tf.sum(tf.math.square(rows), tf.constant(1), org.tensorflow.op.core.Sum.keepDims(true));
    Operand<TFloat32> length = tf.math.maximum(tf.math.sqrt(squares), tf.constant(SMALLEST_LENGTH));
    return tf.math.div(rows, length);
  }

  private static void normalise(NativeFeatures features, int width) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> x =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, width)));
      Operand<TFloat32> directions = normalised(tf, x);
      try (Session session = new Session(graph)) {
        features.replaceEach(
            block ->
                (TType) session.runner().feed(x, block.features()).fetch(directions).run().get(0));
      }
    }
  }
}
