package simclr.data.pipeline;

import com.google.common.collect.ImmutableList;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.ExampleReader;
import simclr.data.records.ImageReader;
import simclr.data.records.Split;
import simclr.graph.GraphOps;

/**
 * {@code --cache_dataset}: every image decoded once, at the start, and kept as pixels.
 *
 * <p>The pixels of an image are one string, a serialised tensor, so images may differ in size and
 * are still found by their index.
 */
final class DecodedImages {
  /** How many images tell how large the others are. */
  private static final int SAMPLE = 64;

  private DecodedImages() {}

  /**
   * Decodes all images of a split.
   *
   * @param encoded the store of the same split; stays open
   * @throws UserException if an image cannot be decoded, or memory will not hold them
   */
  static ExampleReader of(Split split, ExampleReader encoded) {
    ExampleSequence inOrder = new ExampleSequence(split, encoded, OptionalLong.empty());
    checkMemory(split, inOrder);
    return decode(inOrder, split.examples());
  }

  private static ImageReader decode(ExampleSequence inOrder, long count) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      ExampleSequence.Mapped mapped =
          inOrder.map(
              tf,
              tf.constant(0L),
              Runtime.getRuntime().availableProcessors(),
              Dataset.Element.of(TString.class, Shape.scalar()).and(TInt64.class, Shape.scalar()),
              (ops, number, example) ->
                  ImmutableList.of(ops.io.serializeTensor(example.image()), example.label()));
      Dataset.Iterator iterator =
          mapped.dataset().fullBatches(Math.toIntExact(count)).iterator("decoding");
      try (Session session = new Session(graph)) {
        mapped.feeds().apply(session.runner()).addTarget(iterator.make()).run().close();
        Session.Runner next = session.runner();
        iterator.next().forEach(next::fetch);
        // Not closed here: the store closes the tensors.
        Result result = next.run();
        return new ImageReader(
            (TString) result.get(0),
            (TInt64) result.get(1),
            DecodedImages::restore,
            index -> "example " + index);
      } catch (TensorFlowException | TFInvalidArgumentException e) {
        throw inOrder.firstBroken(0, count).<RuntimeException>map(broken -> broken).orElse(e);
      }
    }
  }

  private static Operand<TUint8> restore(Ops tf, Operand<TString> serialised) {
    Operand<TUint8> image = tf.io.parseTensor(serialised, TUint8.class);
    return tf.ensureShape(image, Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, 3));
  }

  private static void checkMemory(Split split, ExampleSequence inOrder) {
    long sampled = Math.min(SAMPLE, split.examples());
    double bytes;
    try (ImageReader sample = decode(inOrder, sampled)) {
      NdArray<byte[]> images = sample.strings().asBytes();
      long held = LongStream.range(0, sampled).map(i -> images.getObject(i).length).sum();
      bytes = (double) held / sampled * split.examples();
    }
    long machine =
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    if (bytes > machine) {
      throw new UserException(
          ExitCode.USAGE,
          "--cache_dataset is true, expected false: the pixels of split %s take about %s GiB and"
              + " this machine has %s",
          split.name(),
          gibibytes(bytes),
          gibibytes((double) machine));
    }
  }

  private static String gibibytes(double bytes) {
    return String.format(Locale.ROOT, "%.1f", bytes / (1L << 30));
  }
}
