package simclr.export.savedmodel;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import simclr.checkpoint.BundleWriter;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.Restorer;
import simclr.data.Batch;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;
import simclr.train.InferenceGraph;

/**
 * The model as evaluation runs it, filled from the checkpoint: what an export is written from and
 * compared with.
 */
final class EvaluatedModel implements AutoCloseable {
  private final InferenceGraph graph;
  private final Session session;
  private final Placeholder<TFloat32> images;
  private final BundleWriter writer;

  private EvaluatedModel(
      InferenceGraph graph, Session session, Placeholder<TFloat32> images, BundleWriter writer) {
    this.graph = graph;
    this.session = session;
    this.images = images;
    this.writer = writer;
  }

  /**
   * Builds and fills the model.
   *
   * @param objects what is written beside the variables
   * @throws simclr.config.UserException DATA if the checkpoint is of another model or torn
   */
  static EvaluatedModel of(ExportSource source, ObjectTree objects) {
    List<Placeholder<TFloat32>> images = new ArrayList<>();
    InferenceGraph graph =
        InferenceGraph.build(
            source.config(),
            source.numClasses(),
            0,
            tf -> {
              Shape shape = Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, 3);
              images.add(tf.placeholder(TFloat32.class, Placeholder.shape(shape)));
              return new Batch(images.get(0), tf.constant(new long[0]));
            });
    Ops tf = GraphOps.of(graph.graph());
    Restorer restorer = Restorer.build(tf, graph.state().variables());
    BundleWriter writer =
        BundleWriter.build(tf.withSubScope("export"), variables(tf, graph, objects));
    Session session = new Session(graph.graph(), Devices.sessionConfig(source.config()));
    EvaluatedModel model = new EvaluatedModel(graph, session, images.get(0), writer);
    try {
      boolean partial = source.config().partial();
      if (partial) {
        graph.initialize(session);
      }
      restorer.restore(session, source.checkpoint(), partial);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * What the model makes of images, under the names that the signatures use.
   *
   * @param batch shape (n, height, width, 3), values in [0, 1]
   */
  ImmutableMap<String, Values> answers(TFloat32 batch) {
    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>();
    SimClrModel.Outputs outputs = graph.outputs();
    named.put(ModuleFunctions.REPRESENTATION, outputs.endpoints().finalAvgPool());
    named.putAll(ModuleFunctions.head(outputs));
    Optional<Operand<TFloat32>> logits = outputs.logits();
    logits.ifPresent(found -> named.put(ModuleFunctions.LOGITS, found));
    if (outputs.z() == outputs.endpoints().finalAvgPool()) {
      named.remove(ModuleFunctions.PROJECTION); // a session fetches a tensor once
    }
    Session.Runner runner = session.runner().feed(images, batch);
    named.values().forEach(runner::fetch);
    ImmutableSortedMap.Builder<String, Values> values = ImmutableSortedMap.naturalOrder();
    try (Result result = runner.run()) {
      int i = 0;
      for (String name : named.keySet()) {
        values.put(name, Values.of(result.get(i++)));
      }
    }
    return ImmutableMap.copyOf(values.buildOrThrow());
  }

  /**
   * Writes {@code PREFIX.index} and {@code PREFIX.data-00000-of-00001}.
   *
   * @throws simclr.config.UserException CANNOT_WRITE if the disk is full
   */
  void writeVariables(Path prefix) {
    writer.write(session, prefix);
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }

  /** By the keys of a checkpoint, with the objects that the keys belong to. */
  private static Map<String, Operand<?>> variables(
      Ops tf, InferenceGraph graph, ObjectTree objects) {
    Map<String, Operand<?>> values = new LinkedHashMap<>();
    for (Variable variable : graph.state().variables().all()) {
      values.put(CheckpointKeys.key(variable.spec().checkpointKey()), variable.value());
    }
    byte[] tree = objects.checkpointObjects().toByteArray();
    try (TString tensor = TString.tensorOfBytes(NdArrays.scalarOfObject(tree))) {
      values.put(CheckpointKeys.OBJECT_GRAPH, tf.constantOf(tensor));
    }
    return values;
  }
}
