package simclr.data.pipeline;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.data.BatchDataset;
import org.tensorflow.op.data.ParallelMapDataset;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.graph.GraphOps;

/**
 * TensorFlow's tf.data as a chain: each method adds one op to the graph and returns the data set
 * behind it. Everything is deterministic, however many threads take part.
 */
final class Dataset {
  private final Ops tf;
  private final Operand<? extends TType> variant;
  private final Element element;

  private Dataset(Ops tf, Operand<? extends TType> variant, Element element) {
    this.tf = tf;
    this.variant = variant;
    this.element = element;
  }

  /** The tensors of one element: type and shape of each. */
  record Element(List<Class<? extends TType>> types, List<Shape> shapes) {
    Element {
      types = ImmutableList.copyOf(types);
      shapes = ImmutableList.copyOf(shapes);
    }

    static Element of(Class<? extends TType> type, Shape shape) {
      return new Element(ImmutableList.of(type), ImmutableList.of(shape));
    }

    /** This element's tensors, then another's. */
    Element and(Element other) {
      return new Element(
          Stream.concat(types.stream(), other.types.stream()).toList(),
          Stream.concat(shapes.stream(), other.shapes.stream()).toList());
    }

    Element and(Class<? extends TType> type, Shape shape) {
      return and(of(type, shape));
    }

    private Element batched(long size) {
      return new Element(
          types, shapes.stream().map(shape -> Shape.of(size).append(shape)).toList());
    }
  }

  /** What a map function does: from an element's tensors and captured ones to those it returns. */
  @FunctionalInterface
  interface Body {
    List<? extends Operand<?>> apply(Ops tf, List<Operand<?>> element, List<Operand<?>> captured);
  }

  /** An iterator: run {@code make} once, then fetch or run the components of {@code next}. */
  record Iterator(Op make, List<Output<?>> next) {}

  /** The counts from {@code from} up to {@code to}, exclusive. */
  static Dataset range(Ops tf, Operand<TInt64> from, Operand<TInt64> to) {
    Element count = Element.of(TInt64.class, Shape.scalar());
    return new Dataset(
        tf, tf.data.rangeDataset(from, to, tf.constant(1L), count.types(), count.shapes()), count);
  }

  /**
   * Maps each element by several threads, in order.
   *
   * @param captured what the function sees beside the element, the same for all
   * @param result what the function returns
   */
  Dataset map(List<Operand<?>> captured, int threads, Element result, Body body) {
    try (ConcreteFunction function = function("map", element, captured, body)) {
      return new Dataset(
          tf,
          tf.data.parallelMapDataset(
              variant,
              captured,
              tf.constant((long) threads),
              function,
              result.types(),
              result.shapes(),
              ParallelMapDataset.deterministic("true"),
              ParallelMapDataset.preserveCardinality(true)),
          result);
    }
  }

  /** Without the elements that cannot be computed. */
  Dataset withoutErrors() {
    return new Dataset(
        tf, tf.data.ignoreErrorsDataset(variant, element.types(), element.shapes()), element);
  }

  /** Batches of exactly {@code size}; what remains at the end is dropped. */
  Dataset fullBatches(int size) {
    return batches(size, true, element.batched(size));
  }

  /** Batches of {@code size}, the last one of what remains. */
  Dataset raggedBatches(int size) {
    return batches(size, false, element.batched(Shape.UNKNOWN_SIZE));
  }

  private Dataset batches(int size, boolean dropRemainder, Element batch) {
    return new Dataset(
        tf,
        tf.data.batchDataset(
            variant,
            tf.constant((long) size),
            tf.constant(dropRemainder),
            batch.types(),
            batch.shapes(),
            BatchDataset.parallelCopy(true)),
        batch);
  }

  /** Computes up to {@code count} elements ahead. */
  Dataset prefetch(int count) {
    return new Dataset(
        tf,
        tf.data.prefetchDataset(
            variant, tf.constant((long) count), element.types(), element.shapes()),
        element);
  }

  /** Adds an iterator; {@code name} must be the only one of its kind in a session. */
  Iterator iterator(String name) {
    Operand<? extends TType> iterator =
        tf.data.iterator(name, "", element.types(), element.shapes());
    return new Iterator(
        tf.data.makeIterator(variant, iterator),
        tf.data.iteratorGetNext(iterator, element.types(), element.shapes()).components());
  }

  private static ConcreteFunction function(
      String name, Element element, List<Operand<?>> captured, Body body) {
    return GraphOps.function(
        tf -> {
          Signature.Builder signature = Signature.builder().key(name);
          ImmutableList.Builder<Operand<?>> elements = ImmutableList.builder();
          ImmutableList.Builder<Operand<?>> arguments = ImmutableList.builder();
          for (int i = 0; i < element.types().size(); i++) {
            Operand<?> argument = argument(tf, element.types().get(i), element.shapes().get(i));
            signature.input("element" + i, argument);
            elements.add(argument);
          }
          for (int i = 0; i < captured.size(); i++) {
            Output<?> given = captured.get(i).asOutput();
            Operand<?> argument = argument(tf, given.type(), given.shape());
            signature.input("captured" + i, argument);
            arguments.add(argument);
          }
          List<? extends Operand<?>> results = body.apply(tf, elements.build(), arguments.build());
          for (int i = 0; i < results.size(); i++) {
            signature.output("result" + i, results.get(i));
          }
          return signature.build();
        });
  }

  private static <T extends TType> Operand<T> argument(Ops tf, Class<T> type, Shape shape) {
    return tf.placeholder(type, Placeholder.shape(shape));
  }
}
