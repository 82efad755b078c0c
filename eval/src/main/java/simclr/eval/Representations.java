package simclr.eval;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Restorer;
import simclr.config.RunConfig;
import simclr.data.Encoding;
import simclr.data.InputPipeline;
import simclr.data.Records;
import simclr.data.Split;
import simclr.parallel.Devices;
import simclr.train.InferenceGraph;

/**
 * What an encoder makes of every image of a split, in the split's order.
 *
 * @param rows one representation h for each image
 * @param labels one for each image, -1 where the split has none
 */
public record Representations(ImmutableList<float[]> rows, ImmutableList<Integer> labels) {

  /**
   * Runs the encoder in inference mode over plain images.
   *
   * @param weights checkpoint that fills the encoder; empty for the weights that training with
   *     {@code seed} starts from
   * @throws simclr.config.UserException if the checkpoint does not fit or an image is broken
   */
  public static Representations of(
      RunConfig config, Split split, Optional<CheckpointFile> weights, long seed) {
    try (InputPipeline input = InputPipeline.evaluation(split, config);
        InferenceGraph graph =
            InferenceGraph.build(config, split.numClasses(), seed, input::build)) {
      Restorer restorer = Restorer.build(Ops.create(graph.graph()), graph.state().variables());
      try (Session session = new Session(graph.graph(), Devices.sessionConfig(config))) {
        graph.initialize(session);
        weights.ifPresent(file -> restorer.restore(session, file, config.partial()));
        input.start(session, 0);
        return collect(session, graph, input, split.examples());
      }
    }
  }

  /**
   * The bare pixels as a representation.
   *
   * @param split whose pixels are in memory, such as one of {@link simclr.data.Synthetic}
   */
  public static Representations pixels(Split split) {
    ImmutableList.Builder<float[]> rows = ImmutableList.builder();
    ImmutableList.Builder<Integer> labels = ImmutableList.builder();
    Records.InMemory records = rawRecords(split);
    for (int i = 0; i < records.images().size(); i++) {
      byte[] image = records.images().get(i);
      float[] row = new float[image.length];
      for (int j = 0; j < row.length; j++) {
        row[j] = Byte.toUnsignedInt(image[j]) / 255f;
      }
      rows.add(row);
      labels.add(Math.toIntExact(records.labels().get(i)));
    }
    return new Representations(rows.build(), labels.build());
  }

  /** The records of a split that holds decoded pixels in memory. */
  static Records.InMemory rawRecords(Split split) {
    checkArgument(
        split.records() instanceof Records.InMemory records
            && records.encoding() instanceof Encoding.Raw,
        "split %s must hold pixels",
        split.name());
    return (Records.InMemory) split.records();
  }

  /** The rows as the classifiers take them. */
  public float[][] matrix() {
    return rows.toArray(new float[0][]);
  }

  /** The labels as the classifiers take them. */
  public int[] classes() {
    return labels.stream().mapToInt(Integer::intValue).toArray();
  }

  private static Representations collect(
      Session session, InferenceGraph graph, InputPipeline input, long examples) {
    Operand<TFloat32> h = graph.outputs().endpoints().finalAvgPool();
    List<float[]> rows = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (long batch = 0; rows.size() < examples; batch++) {
      try (Result result = session.runner().fetch(h).fetch(graph.batch().labels()).run()) {
        float[][] values = StdArrays.array2dCopyOf((TFloat32) result.get(0));
        long[] classes = StdArrays.array1dCopyOf((TInt64) result.get(1));
        for (int i = 0; i < values.length; i++) {
          rows.add(values[i]);
          labels.add(Math.toIntExact(classes[i]));
        }
      } catch (TensorFlowException | TFInvalidArgumentException e) {
        throw input.explain(e, batch);
      }
    }
    return new Representations(ImmutableList.copyOf(rows), ImmutableList.copyOf(labels));
  }
}
