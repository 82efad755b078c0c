package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.RunState;
import simclr.checkpoint.Saver;
import simclr.config.RunConfig;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.Variables;
import simclr.optim.Optimizer;

/** What a checkpoint holds besides the model: rows of path, dtype and shape. */
final class SavedKeys {
  private SavedKeys() {}

  /** Rows of the file, as text that can be compared. */
  static List<String> listOf(Fields fields, String name) {
    return fields.list(name, SavedKeys::row);
  }

  private static String row(String where, JsonNode row) {
    return text(
        Fields.textOf(where, Fields.cell(where, row, 3, 0)),
        Fields.textOf(where, row.get(1)),
        Fields.shapeOf(where, row.get(2)));
  }

  /** The tensors that a run saves, without those of the model and the slots kept beside them. */
  static List<String> of(Saver saver) {
    return saver.tensors().stream()
        .filter(entry -> !entry.path().startsWith("model/"))
        .filter(entry -> !entry.key().equals(CheckpointKeys.OBJECT_GRAPH))
        .map(SavedKeys::text)
        .toList();
  }

  /** Slots that are kept beside the model's variables, as LARS does. */
  static long slots(Saver saver) {
    return saver.tensors().stream()
        .filter(entry -> entry.path().contains("/.OPTIMIZER_SLOT/"))
        .count();
  }

  /** The same for a run that has made no step, so that the optimizer has no slots. */
  static List<String> beforeTraining(RunConfig config, int numClasses) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Variables variables = new SimClrModel(config, numClasses).declare(tf, true);
      Operand<TFloat32> rate = tf.constant(0f);
      RunState state =
          new RunState(
              variables,
              Optimizer.of(config).layout(),
              ImmutableList.of(),
              tf.varHandleOp(TInt64.class, Shape.scalar()),
              tf.varHandleOp(TInt64.class, Shape.scalar()),
              rate);
      return of(Saver.build(tf, state));
    }
  }

  static void compare(Checks checks, List<String> ours, List<String> theirs) {
    checks
        .of("checkpoint keys", "beside the model")
        .equalLists("key", sorted(ours), sorted(theirs));
  }

  private static List<String> sorted(List<String> rows) {
    return Stream.of(rows).flatMap(List::stream).sorted().toList();
  }

  private static String text(CheckpointFile.Entry entry) {
    String type =
        switch (entry.type()) {
          case DT_FLOAT -> "float32";
          default -> entry.type().name().replace("DT_", "").toLowerCase(Locale.ROOT);
        };
    return text(entry.path(), type, entry.shape());
  }

  private static String text(String path, String dtype, Shape shape) {
    return path + " " + dtype + " " + shape;
  }
}
