package simclr.export.hub;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.export.weights.SavedModelFile;
import simclr.graph.GraphOps;
import simclr.inference.RestoredModel;

/**
 * Runs a module that was just written, from its files alone. The format leaves restoring to its
 * loader, so the ops for that are added here.
 */
final class HubCheck {
  private static final int IMAGES = 2;
  private static final int LARGEST_SIDE = 64;

  private HubCheck() {}

  /** h of the fixed images, by the graph without tags. */
  static float[] representation(Path directory, int imageSize) {
    MetaGraphDef meta = SavedModelFile.read(directory).getMetaGraphs(0);
    String h =
        meta.getSignatureDefOrThrow(HubGraph.SIGNATURE)
            .getOutputsOrThrow("final_avg_pool")
            .getName();
    try (Graph graph = new Graph()) {
      graph.importGraphDef(meta.getGraphDef());
      Ops tf = GraphOps.of(graph);
      List<Op> restores = new ArrayList<>();
      graph
          .operations()
          .forEachRemaining(
              operation -> {
                if (operation.type().equals("VarHandleOp")) {
                  restores.add(restore(tf, directory, operation));
                }
              });
      Op restoreAll = tf.withControlDependencies(restores).noOp();
      try (Session session = new Session(graph);
          TFloat32 images = images(imageSize)) {
        session.runner().addTarget(restoreAll).run().close();
        try (Result result = session.runner().feed(HubGraph.INPUT, images).fetch(h).run()) {
          return floats((TFloat32) result.get(0));
        }
      }
    }
  }

  static double difference(float[] a, float[] b) {
    if (a.length != b.length) {
      return Double.POSITIVE_INFINITY;
    }
    double worst = 0;
    double scale = 1;
    for (int i = 0; i < a.length; i++) {
      double apart = Math.abs((double) a[i] - b[i]);
      boolean same = Float.floatToIntBits(a[i]) == Float.floatToIntBits(b[i]);
      worst =
          same ? worst : Double.isNaN(apart) ? Double.POSITIVE_INFINITY : Math.max(worst, apart);
      scale = Float.isFinite(a[i]) ? Math.max(scale, Math.abs(a[i])) : scale;
    }
    return worst / scale;
  }

  /** h of the same images, by the model that the module was written from. */
  static float[] representation(RestoredModel model, int imageSize) {
    try (TFloat32 images = images(imageSize);
        Result result = model.run(images, List.of(model.outputs().endpoints().finalAvgPool()))) {
      return floats((TFloat32) result.get(0));
    }
  }

  private static Op restore(Ops tf, Path directory, GraphOperation variable) {
    Operand<TFloat32> value =
        tf.train
            .restore(
                tf.constant(SavedModelFile.variables(directory).toString()),
                tf.array(variable.name()),
                tf.array(""),
                List.of(TFloat32.class))
            .tensors()
            .get(0)
            .asOutput()
            .expect(TFloat32.class);
    return tf.assignVariableOp(variable.<TType>output(0), value);
  }

  private static float[] floats(TFloat32 tensor) {
    float[] values = new float[Math.toIntExact(tensor.size())];
    tensor.asRawTensor().data().asFloats().read(values);
    return values;
  }

  /** The same pixels every time. */
  private static TFloat32 images(int imageSize) {
    int side = Math.min(imageSize, LARGEST_SIDE);
    Shape shape = Shape.of(IMAGES, side, side, 3);
    Random random = new Random(5);
    float[] pixels = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    return TFloat32.tensorOf(shape, DataBuffers.of(pixels));
  }
}
