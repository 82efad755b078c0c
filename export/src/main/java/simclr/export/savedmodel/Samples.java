package simclr.export.savedmodel;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import simclr.graph.GraphOps;

/** Images to try an export on: the same every time, of several sizes, PNG and JPEG by turns. */
final class Samples {
  private static final int SMALLEST_SIDE = 24;

  private Samples() {}

  /** Encoded images. */
  static ImmutableList<byte[]> encoded(int count) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      List<Operand<TString>> files = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        files.add(encode(tf, i));
      }
      return fetch(graph, files);
    }
  }

  /**
   * Noise around a brightness of each image's own.
   *
   * @return shape (count, size, size, 3), values in [0, 1]; the caller closes it
   */
  static TFloat32 images(int count, int size) {
    Random random = new Random(count);
    Shape shape = Shape.of(count, size, size, 3);
    return TFloat32.tensorOf(
        shape,
        pixels -> {
          for (long i = 0; i < count; i++) {
            float gain = 0.25f + 0.75f * random.nextFloat();
            pixels.get(i).scalars().forEach(x -> x.setFloat(gain * random.nextFloat()));
          }
        });
  }

  /** The images as the model takes them, each through the evaluation's preprocessing. */
  static TFloat32 preprocessed(ModuleFunctions functions, List<byte[]> files) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      List<Operand<TFloat32>> images = new ArrayList<>();
      for (byte[] file : files) {
        try (TString bytes = TString.tensorOfBytes(NdArrays.scalarOfObject(file))) {
          images.add(functions.preprocessed(tf, tf.constantOf(bytes)));
        }
      }
      Operand<TFloat32> batch = tf.stack(images);
      try (Session session = new Session(graph);
          Result result = session.runner().fetch(batch).run()) {
        TFloat32 values = (TFloat32) result.get(0);
        return TFloat32.tensorOf(values);
      }
    }
  }

  /** A tensor of encoded images; the caller closes it. */
  static TString batch(List<byte[]> files) {
    return TString.tensorOfBytes(NdArrays.vectorOfObjects(files.toArray(new byte[0][])));
  }

  private static Operand<TString> encode(Ops tf, int i) {
    int height = SMALLEST_SIDE + 7 * i;
    int width = SMALLEST_SIDE + 11 * ((i + 2) % 5);
    Random random = new Random(i);
    try (TUint8 pixels =
        TUint8.tensorOf(
            Shape.of(height, width, 3),
            data -> data.scalars().forEach(x -> x.setByte((byte) random.nextInt(256))))) {
      Operand<TUint8> image = tf.constantOf(pixels);
      return i % 2 == 0 ? tf.image.encodePng(image) : tf.image.encodeJpeg(image);
    }
  }

  private static ImmutableList<byte[]> fetch(Graph graph, List<Operand<TString>> files) {
    try (Session session = new Session(graph)) {
      Session.Runner runner = session.runner();
      files.forEach(runner::fetch);
      ImmutableList.Builder<byte[]> bytes = ImmutableList.builder();
      try (Result result = runner.run()) {
        result.forEach(file -> bytes.add(((TString) file.getValue()).asBytes().getObject()));
      }
      return bytes.build();
    }
  }
}
