package simclr.export.savedmodel;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Saver;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.inference.InferenceGraph;

/**
 * The directory of a run that never trained: a checkpoint with the weights of a seed, and flags.
 *
 * @param classes of the supervised head; 0 for none
 */
record StoredModel(Path directory, RunConfig config, int classes, long step) {
  private static final Map<String, String> SMALL =
      Map.of("resnet_depth", "18", "image_size", "16", "dataset", "folder:nowhere");

  /** Writes {@code ckpt-<step>.*} and {@code flags.json}. */
  static StoredModel write(Path directory, Map<String, String> flags, int classes, long step)
      throws IOException {
    Map<String, String> all = new LinkedHashMap<>(SMALL);
    all.putAll(flags);
    RunConfig config = RunConfig.of(all);
    Files.createDirectories(directory);
    try (InferenceGraph graph =
        InferenceGraph.build(
            config,
            classes,
            step,
            tf ->
                new Batch(
                    tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(1, 16, 16, 3))),
                    tf.constant(new long[1])))) {
      Ops tf = Ops.create(graph.graph());
      Saver saver = Saver.build(tf, graph.state());
      Op setStep = tf.assignVariableOp(graph.state().globalStep(), tf.constant(step));
      try (Session session = new Session(graph.graph())) {
        graph.initialize(session);
        session.runner().addTarget(setStep).run().close();
        saver.save(session, directory.resolve("ckpt-" + step));
      }
    }
    new ObjectMapper().writeValue(directory.resolve("flags.json").toFile(), config.toFlags());
    return new StoredModel(directory, config, classes, step);
  }

  CheckpointFile checkpoint() {
    return CheckpointFile.open(directory.resolve("ckpt-" + step));
  }
}
