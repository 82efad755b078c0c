package simclr.data.pipeline;

import com.google.common.collect.ImmutableList;
import java.util.BitSet;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFOutOfRangeException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.data.records.BrokenExample;
import simclr.data.records.Split;
import simclr.graph.GraphOps;

/** Decodes every image of a split once, as training does, to find all that cannot be decoded. */
public final class DataCheck {
  private static final int BATCH = 64;

  private DataCheck() {}

  /**
   * The examples that fail, in the order of the split.
   *
   * @param stop asked between batches
   * @param progress told now and then how many images were decoded
   * @throws CancellationException if it was stopped
   */
  public static ImmutableList<BrokenExample> broken(
      Split split, BooleanSupplier stop, LongConsumer progress) {
    try (ExampleSequence examples = ExampleSequence.of(split, OptionalLong.empty(), false)) {
      BitSet decoded = decode(examples, stop, progress);
      BitSet missing = new BitSet();
      missing.set(0, Math.toIntExact(split.examples()));
      missing.andNot(decoded);
      return examples.broken(missing.stream().asLongStream());
    }
  }

  private static BitSet decode(
      ExampleSequence examples, BooleanSupplier stop, LongConsumer progress) {
    BitSet decoded = new BitSet();
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      ExampleSequence.Mapped mapped =
          examples.map(
              tf,
              tf.constant(0L),
              Runtime.getRuntime().availableProcessors(),
              Dataset.Element.of(TInt64.class, Shape.scalar())
                  .and(TInt64.class, Shape.scalar())
                  .and(TInt32.class, Shape.of(3)),
              // All of an example is asked for, so that no part of its reading is left out.
              (ops, number, example) ->
                  ImmutableList.of(number, example.label(), ops.shape(example.image())));
      Dataset.Iterator iterator =
          mapped.dataset().withoutErrors().raggedBatches(BATCH).prefetch(2).iterator("check");
      try (Session session = new Session(graph)) {
        mapped.feeds().apply(session.runner()).addTarget(iterator.make()).run().close();
        while (true) {
          if (stop.getAsBoolean()) {
            throw new CancellationException("the check is not at its end");
          }
          try (Result batch = session.runner().fetch(iterator.next().get(0)).run()) {
            TInt64 numbers = (TInt64) batch.get(0);
            numbers.scalars().forEach(number -> decoded.set(Math.toIntExact(number.getLong())));
            progress.accept(decoded.cardinality());
          } catch (TFOutOfRangeException e) {
            return decoded;
          }
        }
      }
    }
  }
}
