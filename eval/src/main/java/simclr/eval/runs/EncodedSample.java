package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Restorer;
import simclr.config.RunConfig;
import simclr.data.InputPipeline;
import simclr.data.Records;
import simclr.data.Split;
import simclr.graph.GraphOps;
import simclr.parallel.Devices;
import simclr.train.InferenceGraph;
import simclr.train.Reporter;

/**
 * Some images of a split with what an encoder makes of them in inference mode.
 *
 * @param images rows of RGB bytes, of side {@code Thumbnail.side(imageSize)}
 * @param labels one for each image, -1 without one
 * @param h representations
 * @param z projections, of length 1
 */
record EncodedSample(
    ImmutableList<byte[]> images,
    ImmutableList<Integer> labels,
    ImmutableList<float[]> h,
    ImmutableList<float[]> z) {
  private static final int BATCH = 50;

  /**
   * Encodes images spread evenly over a split; of TFRecord files, which are shuffled when they are
   * made, the first ones.
   *
   * @param numClasses of the classifier in the checkpoint, 0 if there is none
   * @param count of images, fewer if the split has fewer
   * @param stop asked between batches
   * @return empty if it was stopped
   * @throws simclr.config.UserException if the checkpoint does not fit or an image is broken
   */
  static Optional<EncodedSample> of(
      RunConfig run,
      Split split,
      CheckpointFile weights,
      int numClasses,
      int count,
      Reporter reporter,
      BooleanSupplier stop) {
    RunConfig config = run.with(Map.of("eval_batch_size", Integer.toString(BATCH)));
    Split sample = spread(split, count);
    try (InputPipeline input = InputPipeline.evaluation(sample, config);
        InferenceGraph graph =
            InferenceGraph.build(config, numClasses, config.seed().orElse(0L), input::build)) {
      Restorer restorer = Restorer.build(GraphOps.of(graph.graph()), graph.state().variables());
      Operand<TFloat32> h = graph.outputs().endpoints().finalAvgPool();
      Operand<TFloat32> z = graph.outputs().z();
      try (Session session = new Session(graph.graph(), Devices.sessionConfig(config))) {
        restorer.restore(session, weights, config.partial());
        input.start(session, 0);
        Collected collected = new Collected();
        int wanted = (int) Math.min(count, sample.examples());
        for (long batch = 0; collected.labels.size() < wanted; batch++) {
          if (stop.getAsBoolean()) {
            return Optional.empty();
          }
          try (Result result =
              session
                  .runner()
                  .fetch(graph.batch().images())
                  .fetch(graph.batch().labels())
                  .fetch(h)
                  .fetch(z)
                  .run()) {
            collected.add(result, wanted);
          } catch (TensorFlowException | TFInvalidArgumentException e) {
            throw input.explain(e, batch);
          }
          if (reporter.terminal()) {
            reporter.status(String.format(Locale.ROOT, "encoding: %d of %d", collected.labels.size(), wanted));
          }
        }
        if (reporter.terminal()) {
          reporter.status("");
        }
        return Optional.of(collected.sample());
      }
    }
  }

  private static Split spread(Split split, int count) {
    long all = split.examples();
    if (all <= count) {
      return split;
    }
    int[] chosen = IntStream.range(0, count).map(i -> (int) (i * all / count)).toArray();
    Records some;
    if (split.records() instanceof Records.InMemory records) {
      some =
          new Records.InMemory(
              IntStream.of(chosen).mapToObj(records.images()::get).toList(),
              labels(records.labels(), chosen),
              records.encoding());
    } else if (split.records() instanceof Records.ImageFiles records) {
      some =
          new Records.ImageFiles(
              IntStream.of(chosen).mapToObj(records.files()::get).toList(),
              labels(records.labels(), chosen));
    } else {
      return split;
    }
    return new Split(split.name(), count, split.labelNames(), some, split.source(), split.facts());
  }

  private static ImmutableLongArray labels(ImmutableLongArray labels, int[] chosen) {
    return ImmutableLongArray.copyOf(IntStream.of(chosen).mapToLong(labels::get));
  }

  /** What came so far. */
  private static final class Collected {
    private final List<byte[]> images = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private final List<float[]> h = new ArrayList<>();
    private final List<float[]> z = new ArrayList<>();

    void add(Result result, int wanted) {
      TFloat32 pixels = (TFloat32) result.get(0);
      long[] classes = StdArrays.array1dCopyOf((TInt64) result.get(1));
      float[][] representations = StdArrays.array2dCopyOf((TFloat32) result.get(2));
      float[][] projections = StdArrays.array2dCopyOf((TFloat32) result.get(3));
      for (int i = 0; i < classes.length && labels.size() < wanted; i++) {
        images.add(thumbnail(pixels.get(i)));
        labels.add(Math.toIntExact(classes[i]));
        h.add(representations[i]);
        z.add(normalised(projections[i]));
      }
    }

    EncodedSample sample() {
      return new EncodedSample(
          ImmutableList.copyOf(images),
          ImmutableList.copyOf(labels),
          ImmutableList.copyOf(h),
          ImmutableList.copyOf(z));
    }
  }

  private static byte[] thumbnail(FloatNdArray image) {
    int side = Math.toIntExact(image.shape().get(0));
    byte[] rgb = new byte[3 * side * side];
    for (int i = 0; i < rgb.length; i++) {
      float value = image.getFloat(i / 3 / side, i / 3 % side, i % 3);
      rgb[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, value)));
    }
    return Thumbnail.of(rgb, side);
  }

  private static float[] normalised(float[] row) {
    double square = 0;
    for (float value : row) {
      square += (double) value * value;
    }
    float length = (float) Math.max(Math.sqrt(square), 1e-12);
    float[] unit = new float[row.length];
    for (int d = 0; d < row.length; d++) {
      unit[d] = row[d] / length;
    }
    return unit;
  }
}
