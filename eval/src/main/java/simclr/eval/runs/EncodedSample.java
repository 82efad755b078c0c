package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.data.records.Split;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;

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
   * Encodes images spread evenly over a split.
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
    Split sample = split.subsample(count);
    try (RestoredModel model =
        RestoredModel.open(ModelSpec.over(sample, config, numClasses), weights)) {
      List<Operand<?>> values =
          List.of(
              model.graph().batch().images(),
              model.graph().batch().labels(),
              model.outputs().endpoints().finalAvgPool(),
              model.outputs().z());
      Collected collected = new Collected();
      int wanted = (int) Math.min(count, sample.examples());
      while (collected.labels.size() < wanted) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        try (Result result = model.next(values)) {
          collected.add(result, wanted);
        }
        if (reporter.terminal()) {
          reporter.status(
              String.format(Locale.ROOT, "encoding: %d of %d", collected.labels.size(), wanted));
        }
      }
      if (reporter.terminal()) {
        reporter.status("");
      }
      return Optional.of(collected.sample());
    }
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
