package simclr.inference;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;
import simclr.graph.GraphOps;

/**
 * The votes of the k nearest rows of a bank, by cosine, for several k in one pass. All is in native
 * memory: blocks of queries against blocks of the bank, the best of each block, then the best of
 * these.
 *
 * <p>The vote of a neighbour weighs exp(cosine / T), as in instance discrimination (arXiv
 * 1805.01978), or 1. Rows are brought to length 1 in double precision, so that neither huge nor
 * tiny features overflow; the cosine with a row of zeros is 0.
 */
public final class WeightedKnn implements AutoCloseable {
  /** A block of the bank takes at most 32 MiB. */
  private static final int BLOCK_VALUES = 1 << 23;

  /** Cosines of a block of queries with a block of the bank take at most 64 MiB. */
  private static final int TILE = 1 << 24;

  private static final int MOST_QUERIES = 1024;

  private final ImmutableList<Integer> k;
  private final int width;
  private final int classes;
  private final List<Block> bank = new ArrayList<>();
  private final Graph graph = new Graph();
  private final Operand<TFloat32> queries;
  private final List<Operand<TFloat32>> votes = new ArrayList<>();
  private final Session session;

  /** Rows of one width that are copied when they are asked for. */
  public interface Rows {
    int rows();

    /** Values of a row. */
    int columns();

    /** Copies a row to {@code into}, from {@code offset} on. */
    void copyRow(int row, float[] into, int offset);

    /** Rows on the heap. */
    static Rows of(List<float[]> rows) {
      return new Rows() {
        @Override
        public int rows() {
          return rows.size();
        }

        @Override
        public int columns() {
          return rows.get(0).length;
        }

        @Override
        public void copyRow(int row, float[] into, int offset) {
          System.arraycopy(rows.get(row), 0, into, offset, columns());
        }
      };
    }
  }

  /** Part of the bank, and where it is fed. */
  private record Block(
      TFloat32 rows,
      TInt32 labels,
      Operand<TFloat32> rowsInput,
      Operand<TInt32> labelsInput,
      int size) {}

  private WeightedKnn(Rows rows, int classes, ImmutableList<Integer> k) {
    this.k = k;
    this.width = rows.columns();
    this.classes = classes;
    this.queries = matrix(GraphOps.of(graph));
    this.session = new Session(graph);
  }

  /**
   * Loads the rows that are searched.
   *
   * @param bank at least as many rows as the largest k
   * @param label the class of each row, 0 to {@code classes - 1}
   * @param k numbers of neighbours, at least one
   * @param temperature T of exp(cosine / T); empty for votes of equal weight
   */
  public static WeightedKnn of(
      Rows bank, IntUnaryOperator label, int classes, List<Integer> k, OptionalDouble temperature) {
    int most = k.stream().mapToInt(Integer::intValue).max().orElseThrow();
    checkArgument(most <= bank.rows(), "k (%s) must be at most the %s rows", most, bank.rows());
    WeightedKnn knn = new WeightedKnn(bank, classes, ImmutableList.copyOf(k));
    try {
      knn.load(bank, label);
      knn.build(most, temperature);
      return knn;
    } catch (RuntimeException e) {
      knn.close();
      throw e;
    }
  }

  /** How many queries are best asked at once. */
  public int batch() {
    int longest = bank.stream().mapToInt(Block::size).max().orElseThrow();
    return Math.max(1, Math.min(MOST_QUERIES, TILE / longest));
  }

  /**
   * Asks for the votes of some rows.
   *
   * @param first the first of the rows
   * @param count of rows
   * @return for each k the votes by class, row after row
   */
  public ImmutableList<float[]> votes(Rows rows, int first, int count) {
    try (TFloat32 asked = directions(rows, first, count)) {
      Session.Runner runner = session.runner().feed(queries, asked);
      for (Block block : bank) {
        runner.feed(block.rowsInput(), block.rows()).feed(block.labelsInput(), block.labels());
      }
      votes.forEach(runner::fetch);
      try (Result result = runner.run()) {
        ImmutableList.Builder<float[]> all = ImmutableList.builder();
        for (int i = 0; i < votes.size(); i++) {
          float[] found = new float[count * classes];
          ((TFloat32) result.get(i)).asRawTensor().data().asFloats().read(found);
          all.add(found);
        }
        return all.build();
      }
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
    for (Block block : bank) {
      block.rows().close();
      block.labels().close();
    }
    bank.clear();
  }

  private void load(Rows rows, IntUnaryOperator label) {
    Ops tf = GraphOps.of(graph);
    int size = Math.max(1, BLOCK_VALUES / width);
    for (int first = 0; first < rows.rows(); first += size) {
      int count = Math.min(size, rows.rows() - first);
      bank.add(
          new Block(
              directions(rows, first, count),
              TInt32.vectorOf(IntStream.range(first, first + count).map(label).toArray()),
              matrix(tf),
              tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE))),
              count));
    }
  }

  private void build(int most, OptionalDouble temperature) {
    Ops tf = GraphOps.of(graph);
    List<Operand<TFloat32>> cosines = new ArrayList<>();
    List<Operand<TInt32>> labels = new ArrayList<>();
    for (Block block : bank) {
      TopK<TFloat32, TInt32> best =
          tf.nn.topK(
              tf.linalg.matMul(queries, block.rowsInput(), MatMul.transposeB(true)),
              tf.constant(Math.min(most, block.size())),
              TInt32.class);
      cosines.add(best.values());
      labels.add(tf.gather(block.labelsInput(), best.indices(), tf.constant(0)));
    }
    TopK<TFloat32, TInt32> best = tf.nn.topK(joined(tf, cosines), tf.constant(most), TInt32.class);
    Operand<TInt32> nearest =
        tf.gather(joined(tf, labels), best.indices(), tf.constant(1), Gather.batchDims(1L));
    Operand<TFloat32> weights =
        temperature.isPresent()
            // The cosine of the same direction gives 1: nothing overflows at a low temperature.
            ? tf.math.exp(
                tf.math.div(
                    tf.math.sub(best.values(), tf.constant(1f)),
                    tf.constant((float) temperature.getAsDouble())))
            : tf.onesLike(best.values());
    for (int count : k) {
      votes.add(sums(tf, first(tf, weights, count), first(tf, nearest, count)));
    }
  }

  /** Sums weights by class: shape (n, k) to (n, classes). */
  private Operand<TFloat32> sums(Ops tf, Operand<TFloat32> weights, Operand<TInt32> labels) {
    Operand<TInt32> rows = tf.gather(tf.shape(labels), tf.constant(0), tf.constant(0));
    Operand<TInt32> offsets =
        tf.math.mul(
            tf.expandDims(tf.range(tf.constant(0), rows, tf.constant(1)), tf.constant(1)),
            tf.constant(classes));
    return tf.math.unsortedSegmentSum(
        tf.reshape(weights, tf.array(-1)),
        tf.reshape(tf.math.add(labels, offsets), tf.array(-1)),
        tf.math.mul(rows, tf.constant(classes)));
  }

  private Operand<TFloat32> matrix(Ops tf) {
    return tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, width)));
  }

  private static <T extends TType> Operand<T> first(Ops tf, Operand<T> columns, int k) {
    return tf.slice(columns, tf.array(0, 0), tf.array(-1, k));
  }

  private static <T extends TType> Operand<T> joined(Ops tf, List<Operand<T>> parts) {
    return parts.size() == 1 ? parts.get(0) : tf.concat(parts, tf.constant(1));
  }

  /** Rows of length 1. */
  private TFloat32 directions(Rows rows, int first, int count) {
    float[] row = new float[width];
    return TFloat32.tensorOf(
        Shape.of(count, width),
        tensor -> {
          for (int i = 0; i < count; i++) {
            rows.copyRow(first + i, row, 0);
            normalise(row);
            DataBuffers.of(row, true, false)
                .copyTo(tensor.asRawTensor().data().asFloats().offset((long) i * width), width);
          }
        });
  }

  private static void normalise(float[] row) {
    double squares = 0;
    for (float value : row) {
      squares += (double) value * value;
    }
    double length = Math.sqrt(squares);
    if (length > 0) {
      for (int d = 0; d < row.length; d++) {
        row[d] = (float) (row[d] / length);
      }
    }
  }
}
