package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.data.pipeline.InputPipeline;
import simclr.data.records.Split;
import simclr.graph.GraphOps;
import simclr.parallel.Devices;

/** Pictures of what pretraining sees. */
final class AugmentedPairs {
  private AugmentedPairs() {}

  /**
   * The first images of the first batch of a pretraining run.
   *
   * @param pairs how many; no more than there are are given
   * @return for each image its two views, as rows of RGB bytes of an image of {@link #side}
   */
  static ImmutableList<List<byte[]>> first(RunConfig config, Split split, int pairs) {
    long seed = config.seed().orElse(0L);
    try (Graph graph = new Graph();
        InputPipeline input = InputPipeline.training(split, config, seed)) {
      Batch batch = input.build(GraphOps.of(graph));
      try (Session session = new Session(graph, Devices.sessionConfig(config))) {
        input.start(session, 0);
        try (Result result = session.runner().fetch(batch.images()).run()) {
          TFloat32 images = (TFloat32) result.get(0);
          ImmutableList.Builder<List<byte[]>> views = ImmutableList.builder();
          for (long i = 0; i < Math.min(pairs, images.shape().get(0)); i++) {
            views.add(List.of(view(images.get(i), 0), view(images.get(i), 3)));
          }
          return views.build();
        }
      }
    }
  }

  /** The side of the pictures in pixels. */
  static int side(RunConfig config) {
    return Thumbnail.side(config.imageSize());
  }

  /** Three channels of an image, from [0, 1] to bytes. */
  private static byte[] view(FloatNdArray image, int firstChannel) {
    int height = Math.toIntExact(image.shape().get(0));
    int width = Math.toIntExact(image.shape().get(1));
    byte[] rgb = new byte[3 * height * width];
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / 3;
      float value = image.getFloat(pixel / width, pixel % width, firstChannel + i % 3);
      rgb[i] = (byte) Math.round(255 * value);
    }
    return Thumbnail.of(rgb, width);
  }
}
