package simclr.export.convert;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.bundle.BundleWriter;

/** Files of tensors that no model of this program has. */
final class TestBundles {
  private TestBundles() {}

  /** Vectors of zeros, by name and length. */
  static void write(Path prefix, ImmutableMap<String, Integer> vectors) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Map<String, Operand<?>> values = new LinkedHashMap<>();
      vectors.forEach(
          (name, length) -> values.put(name, tf.zeros(tf.array(length), TFloat32.class)));
      write(graph, prefix, values);
    }
  }

  /** A copy of a file without its first tensors. */
  static void writeSome(Path from, Path prefix, int without) {
    List<String> keys =
        CheckpointFile.open(from).tensors().stream()
            .map(CheckpointFile.Entry::key)
            .skip(without)
            .toList();
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Map<String, Operand<?>> values = new LinkedHashMap<>();
      for (String key : keys) {
        values.put(
            key,
            tf.train
                .restore(
                    tf.constant(from.toString()),
                    tf.array(key),
                    tf.array(""),
                    List.of(TFloat32.class))
                .tensors()
                .get(0));
      }
      write(graph, prefix, values);
    }
  }

  private static void write(Graph graph, Path prefix, Map<String, Operand<?>> values) {
    BundleWriter writer = BundleWriter.build(Ops.create(graph), values);
    try (Session session = new Session(graph)) {
      writer.write(session, prefix);
    }
  }
}
