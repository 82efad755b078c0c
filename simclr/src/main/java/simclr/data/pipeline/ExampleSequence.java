package simclr.data.pipeline;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.RandomIndexShuffle;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.data.records.BrokenExample;
import simclr.data.records.ExampleReader;
import simclr.data.records.ExampleReader.Decoded;
import simclr.data.records.Split;
import simclr.graph.GraphOps;

/**
 * The examples of a split in the order in which they are taken.
 *
 * <p>An element is a running count c. In training its epoch is c / N and its place in the epoch c
 * mod N; a pseudo-random permutation, another for each epoch and computed without a buffer, turns
 * the place into an index. So every epoch has every example once, and a run goes on at any count at
 * no cost.
 */
final class ExampleSequence implements AutoCloseable {
  /** Keeps the keys of the permutations apart from those of the views. */
  private static final long SALT = 0x6f72646572L;

  /**
   * Of the cipher behind the permutation. With TensorFlow's 4, indices that lie 256 places apart
   * differ by 24,900 of 50,000 possible steps where chance gives 31,500; 8 are enough.
   */
  private static final long ROUNDS = 12;

  private final Split split;
  private final ExampleReader reader;
  private final OptionalLong seed;

  /**
   * Takes possession of {@code reader}.
   *
   * @param seed of the order, which then is endless; empty: once, in the order of the records
   */
  ExampleSequence(Split split, ExampleReader reader, OptionalLong seed) {
    this.split = split;
    this.reader = reader;
    this.seed = seed;
  }

  /**
   * The examples of a split.
   *
   * @param seed as in the constructor
   * @param decoded whether to decode all images now and to keep pixels instead of bytes
   * @throws UserException if a file cannot be read; if {@code decoded} and an image cannot be, or
   *     memory will not do
   */
  static ExampleSequence of(Split split, OptionalLong seed, boolean decoded) {
    ExampleReader reader = split.records().reader(split);
    if (!decoded) {
      return new ExampleSequence(split, reader, seed);
    }
    try (reader) {
      return new ExampleSequence(split, DecodedImages.of(split, reader), seed);
    }
  }

  /** What becomes of an example; part of the map function. */
  @FunctionalInterface
  interface Use {
    /**
     * Adds ops.
     *
     * @param number scalar: epoch times examples plus index, so that no two elements of a run have
     *     the same
     */
    List<Operand<?>> apply(Ops tf, Operand<TInt64> number, Decoded example);
  }

  /**
   * A data set in a graph.
   *
   * @param feeds adds what the run of {@code MakeIterator} must be fed
   */
  record Mapped(Dataset dataset, UnaryOperator<Session.Runner> feeds) {}

  /**
   * Adds reading, decoding and {@code use} to the graph.
   *
   * @param start scalar: how many elements to leave out
   * @param threads how many work on elements at the same time; the outcome does not depend on it
   * @param result what {@code use} returns
   */
  Mapped map(Ops tf, Operand<TInt64> start, int threads, Dataset.Element result, Use use) {
    List<Operand<?>> captured = placeholders(tf);
    long end = seed.isPresent() ? Long.MAX_VALUE : split.examples();
    Dataset dataset =
        Dataset.range(tf, start, tf.constant(end))
            .map(
                captured,
                threads,
                result,
                (ops, element, arguments) -> {
                  Operand<TInt64> counter = element.get(0).asOutput().expect(TInt64.class);
                  Operand<TInt64> index = index(ops, counter);
                  Operand<TInt64> number = ops.math.add(firstOfEpoch(ops, counter), index);
                  return use.apply(ops, number, reader.read(ops, index, arguments));
                });
    return new Mapped(dataset, runner -> feed(runner, captured));
  }

  /**
   * Reads elements one by one, to find what is wrong with them.
   *
   * @return what the user should know about the first that cannot be read; empty if all can
   */
  Optional<UserException> firstBroken(long start, long count) {
    long end = seed.isPresent() ? start + count : Math.min(start + count, split.examples());
    List<UserException> first = new ArrayList<>();
    readSingly(
        LongStream.range(start, end),
        (index, failure) -> {
          first.add(reader.broken(index, failure));
          return false;
        });
    return first.stream().findFirst();
  }

  /** Those of some elements, read one by one, that cannot be read. */
  ImmutableList<BrokenExample> broken(LongStream counters) {
    ImmutableList.Builder<BrokenExample> broken = ImmutableList.builder();
    readSingly(
        counters,
        (index, failure) -> {
          broken.add(BrokenExample.of(reader.name(index), reader.broken(index, failure)));
          return true;
        });
    return broken.build();
  }

  /** Told of an example that cannot be read; answers whether to read on. */
  private interface Failed {
    boolean example(long index, RuntimeException failure);
  }

  private void readSingly(LongStream counters, Failed failed) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      List<Operand<?>> captured = placeholders(tf);
      Operand<TInt64> counter = tf.placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
      // Without a seed it is the placeholder itself, and that cannot be fetched.
      Operand<TInt64> index = tf.identity(index(tf, counter));
      Decoded example = reader.read(tf, index, captured);
      try (Session session = new Session(graph)) {
        PrimitiveIterator.OfLong each = counters.iterator();
        boolean on = true;
        while (on && each.hasNext()) {
          try (TInt64 at = TInt64.scalarOf(each.nextLong())) {
            Session.Runner runner = feed(session.runner().feed(counter, at), captured);
            try {
              runner.addTarget(example.image().op()).addTarget(example.label().op()).run().close();
            } catch (TensorFlowException | TFInvalidArgumentException e) {
              try (Result found = session.runner().feed(counter, at).fetch(index).run()) {
                on = failed.example(((TInt64) found.get(0)).getLong(), e);
              }
            }
          }
        }
      }
    }
  }

  @Override
  public void close() {
    reader.close();
  }

  private List<Operand<?>> placeholders(Ops tf) {
    ImmutableList.Builder<Operand<?>> placeholders = ImmutableList.builder();
    for (TType tensor : reader.tensors()) {
      placeholders.add(tf.placeholder(tensor.type(), Placeholder.shape(tensor.shape())));
    }
    return placeholders.build();
  }

  private Session.Runner feed(Session.Runner runner, List<Operand<?>> placeholders) {
    Session.Runner fed = runner;
    for (int i = 0; i < placeholders.size(); i++) {
      fed = fed.feed(placeholders.get(i), reader.tensors().get(i));
    }
    return fed;
  }

  /** The example that a running count stands for. */
  private Operand<TInt64> index(Ops tf, Operand<TInt64> counter) {
    if (seed.isEmpty()) {
      return counter;
    }
    Operand<TInt64> n = tf.constant(split.examples());
    Operand<TInt64> epoch = tf.math.floorDiv(counter, n);
    Operand<TInt64> keySeed =
        tf.stack(ImmutableList.of(tf.constant(seed.getAsLong() ^ SALT), epoch));
    // The permutation sees only some low bits of each part of its key, so these must be random.
    Operand<TInt64> key =
        tf.random.statelessRandomUniformFullInt(tf.array(3), keySeed, TInt64.class);
    return tf.randomIndexShuffle(
        tf.math.floorMod(counter, n),
        key,
        tf.constant(split.examples() - 1),
        RandomIndexShuffle.rounds(ROUNDS));
  }

  private Operand<TInt64> firstOfEpoch(Ops tf, Operand<TInt64> counter) {
    Operand<TInt64> n = tf.constant(split.examples());
    return tf.math.mul(tf.math.floorDiv(counter, n), n);
  }
}
