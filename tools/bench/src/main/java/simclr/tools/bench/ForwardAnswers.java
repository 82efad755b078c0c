package simclr.tools.bench;

import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.Restorer;
import simclr.export.savedmodel.ExportSource;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.Variables;
import simclr.parallel.Devices;
import simclr.parallel.Replicas;

/**
 * What Java's own graph makes of a batch in inference and in training mode, for a comparison with
 * an export in Python. Arguments: model_dir, a file of little-endian float32 images, how many,
 * their side, and a directory that gets {@code <mode>-<endpoint>.f32}.
 */
public final class ForwardAnswers {
  private ForwardAnswers() {}

  /** Runs both passes. */
  public static void main(String[] args) throws IOException {
    ExportSource source =
        ExportSource.ofCheckpoint(
            ModelDir.resolve(args[0], line -> {}), Map.of(), Optional.empty(), line -> {});
    int side = Integer.parseInt(args[3]);
    Shape shape = Shape.of(Integer.parseInt(args[2]), side, side, 3);
    ByteBuffer pixels =
        ByteBuffer.wrap(Files.readAllBytes(Path.of(args[1]))).order(ByteOrder.LITTLE_ENDIAN);
    try (Graph graph = new Graph();
        TFloat32 batch =
            TFloat32.tensorOf(
                shape, data -> data.scalars().forEach(x -> x.setFloat(pixels.getFloat())))) {
      Ops tf = GraphOps.of(graph);
      Placeholder<TFloat32> images = tf.placeholder(TFloat32.class, Placeholder.shape(shape));
      SimClrModel model = new SimClrModel(source.config(), source.numClasses());
      Variables variables = Variables.inGraph(tf, false);
      SimClrModel.Outputs inference = model.build(variables, Replicas.single(), images);
      Variables shared =
          Variables.captured(
              tf.withSubScope("training"),
              true,
              (ops, spec) -> variables.find(spec.checkpointKey()).orElseThrow().handle());
      SimClrModel.Outputs training = model.build(shared, Replicas.single(), images);
      Restorer restorer = Restorer.build(tf, variables);
      try (Session session = new Session(graph, Devices.sessionConfig(source.config()))) {
        restorer.restore(session, source.checkpoint(), false);
        Path directory = Path.of(args[4]);
        write(session.runner().feed(images, batch), inference, directory, "inference-");
        write(session.runner().feed(images, batch), training, directory, "training-");
      }
    }
  }

  private static void write(
      Session.Runner runner, SimClrModel.Outputs outputs, Path directory, String mode)
      throws IOException {
    ImmutableMap<String, Operand<TFloat32>> endpoints =
        ImmutableMap.of(
            "initial_conv", outputs.endpoints().initialConv(),
            "block_group4", outputs.endpoints().blockGroups().get(3),
            "final_avg_pool", outputs.endpoints().finalAvgPool(),
            "logits_sup", outputs.logits().orElseThrow(),
            "proj_head_output", outputs.z());
    endpoints.values().forEach(runner::fetch);
    List<String> names = endpoints.keySet().asList();
    try (Result result = runner.run()) {
      for (int i = 0; i < names.size(); i++) {
        TFloat32 values = (TFloat32) result.get(i);
        ByteBuffer bytes =
            ByteBuffer.allocate(Math.toIntExact(values.numBytes())).order(ByteOrder.LITTLE_ENDIAN);
        values.scalars().forEach(x -> bytes.putFloat(x.getFloat()));
        Files.write(directory.resolve(mode + names.get(i) + ".f32"), bytes.array());
      }
    }
  }
}
