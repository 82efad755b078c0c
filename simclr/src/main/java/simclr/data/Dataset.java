package simclr.data;

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
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

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

  /** What a map function does: tensors of an element, then captured ones, to those it returns. */
  @FunctionalInterface
  interface Body {
    List<? extends Operand<?>> apply(Ops tf, Arguments arguments);
  }

  /** The arguments of a function under construction, in order. */
  record Arguments(List<Operand<?>> operands) {
    /**
     * The argument at {@code index}.
     *
     * @param type what the function was declared with there
     */
    <T extends TType> Operand<T> get(int index, Class<T> type) {
      Output<?> output = operands.get(index).asOutput();
      return output.expect(type);
    }
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
   * The records of a file from an offset on. Their checksums are verified as they are read, and
   * nothing is read ahead.
   */
  static Dataset tfRecords(Ops tf, Operand<TString> file, Operand<TInt64> offset) {
    Operand<TInt32> one = tf.array(1);
    return new Dataset(
        tf,
        tf.data.tfRecordDataset(
            tf.reshape(file, one), tf.constant(""), tf.constant(0L), tf.reshape(offset, one)),
        Element.of(TString.class, Shape.scalar()));
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

  /** The first element, as a tensor of the graph or function itself. */
  <T extends TType> Operand<T> first(Class<T> type) {
    Operand<? extends TType> one =
        tf.data.takeDataset(variant, tf.constant(1L), element.types(), element.shapes());
    Output<?> tensor =
        tf.data.datasetToSingleElement(one, element.types(), element.shapes()).components().get(0);
    return tensor.expect(type);
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
    return ConcreteFunction.create(
        tf -> {
          Signature.Builder signature = Signature.builder().key(name);
          ImmutableList.Builder<Operand<?>> arguments = ImmutableList.builder();
          for (int i = 0; i < element.types().size(); i++) {
            Operand<?> argument = argument(tf, element.types().get(i), element.shapes().get(i));
            signature.input("element" + i, argument);
            arguments.add(argument);
          }
          for (int i = 0; i < captured.size(); i++) {
            Output<?> given = captured.get(i).asOutput();
            Operand<?> argument = argument(tf, given.type(), given.shape());
            signature.input("captured" + i, argument);
            arguments.add(argument);
          }
          List<? extends Operand<?>> results = body.apply(tf, new Arguments(arguments.build()));
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
