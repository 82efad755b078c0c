package simclr.eval.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.features.LabelledFeatures.Labels;

/**
 * Examples in native memory, in blocks of rows that sessions take as they are, without a copy. The
 * Java heap holds a row at a time.
 */
public final class NativeFeatures implements AutoCloseable {
  /** A block of double precision takes at most 64 MiB. */
  private static final long BLOCK_VALUES = 1L << 23;

  private final List<Block> blocks = new ArrayList<>();

  private NativeFeatures() {}

  /**
   * Some rows.
   *
   * @param features shape (rows, width), float32 or float64
   * @param labels shape (rows,); of length 0 where rows are streamed
   */
  public record Block(int first, int rows, TType features, TInt32 labels) implements AutoCloseable {
    @Override
    public void close() {
      features.close();
      labels.close();
    }
  }

  /** How many rows a block has at most. */
  public static int blockRows(int width) {
    return (int) Math.max(1, BLOCK_VALUES / Math.max(1, width));
  }

  /** Loads all rows. */
  public static NativeFeatures load(
      LabelledFeatures examples, Standardizer scaling, boolean doubles) {
    return load(examples, scaling, doubles, blockRows(scaling.width()));
  }

  /** The same with blocks of a given size. */
  public static NativeFeatures load(
      LabelledFeatures examples, Standardizer scaling, boolean doubles, int blockRows) {
    NativeFeatures loaded = new NativeFeatures();
    try {
      eachBlock(
          examples.matrix(),
          Optional.of(examples.labels()),
          scaling,
          doubles,
          blockRows,
          loaded.blocks::add,
          block -> {});
      return loaded;
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  /** Loads rows block by block, without labels, each gone before the next comes. */
  static void stream(
      FeatureMatrix matrix,
      Standardizer scaling,
      boolean doubles,
      int blockRows,
      Consumer<Block> use) {
    eachBlock(matrix, Optional.empty(), scaling, doubles, blockRows, use, Block::close);
  }

  public List<Block> blocks() {
    return blocks;
  }

  /** Puts other features in the place of each block's, which are closed. */
  public void replaceEach(Function<Block, TType> other) {
    for (int i = 0; i < blocks.size(); i++) {
      Block old = blocks.get(i);
      TType features = other.apply(old);
      blocks.set(i, new Block(old.first(), old.rows(), features, old.labels()));
      old.features().close();
    }
  }

  /** Puts other labels in the place of those that were loaded. */
  public void relabel(Labels labels) {
    for (int i = 0; i < blocks.size(); i++) {
      Block old = blocks.get(i);
      TInt32 other = labels(labels, old.first(), old.rows());
      blocks.set(i, new Block(old.first(), old.rows(), old.features(), other));
      old.labels().close();
    }
  }

  @Override
  public void close() {
    blocks.forEach(Block::close);
    blocks.clear();
  }

  private static void eachBlock(
      FeatureMatrix matrix,
      Optional<Labels> labels,
      Standardizer scaling,
      boolean doubles,
      int blockRows,
      Consumer<Block> use,
      Consumer<Block> after) {
    scaling.requireWidth(matrix);
    for (int first = 0; first < matrix.rows(); first += blockRows) {
      int rows = Math.min(blockRows, matrix.rows() - first);
      Block block = block(matrix, labels, scaling, doubles, first, rows);
      try {
        use.accept(block);
      } finally {
        after.accept(block);
      }
    }
  }

  private static Block block(
      FeatureMatrix matrix,
      Optional<Labels> labels,
      Standardizer scaling,
      boolean doubles,
      int first,
      int rows) {
    Shape shape = Shape.of(rows, scaling.width());
    TType features =
        doubles
            ? TFloat64.tensorOf(shape, t -> fill(t, matrix, scaling, first, rows))
            : TFloat32.tensorOf(shape, t -> fill(t, matrix, scaling, first, rows));
    TInt32 vector =
        labels.map(known -> labels(known, first, rows)).orElseGet(() -> TInt32.vectorOf());
    return new Block(first, rows, features, vector);
  }

  private static TInt32 labels(Labels labels, int first, int rows) {
    return TInt32.vectorOf(IntStream.range(first, first + rows).map(labels::get).toArray());
  }

  private static void fill(
      TFloat32 tensor, FeatureMatrix matrix, Standardizer scaling, int first, int rows) {
    int width = scaling.width();
    float[] row = new float[width];
    var data = tensor.asRawTensor().data().asFloats();
    for (int i = 0; i < rows; i++) {
      matrix.copyRow(first + i, row, 0);
      for (int d = 0; d < width; d++) {
        row[d] = (float) scaling.apply(d, row[d]);
      }
      DataBuffers.of(row, true, false).copyTo(data.offset((long) i * width), width);
    }
  }

  private static void fill(
      TFloat64 tensor, FeatureMatrix matrix, Standardizer scaling, int first, int rows) {
    int width = scaling.width();
    float[] row = new float[width];
    double[] scaled = new double[width];
    var data = tensor.asRawTensor().data().asDoubles();
    for (int i = 0; i < rows; i++) {
      matrix.copyRow(first + i, row, 0);
      for (int d = 0; d < width; d++) {
        scaled[d] = scaling.apply(d, row[d]);
      }
      DataBuffers.of(scaled, true, false).copyTo(data.offset((long) i * width), width);
    }
  }
}
