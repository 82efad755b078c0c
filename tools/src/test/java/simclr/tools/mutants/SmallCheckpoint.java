package simclr.tools.mutants;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.ObjectReference;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.SerializedTensor;
import org.tensorflow.types.TString;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.bundle.BundleWriter;
import simclr.graph.GraphOps;

/** Writes checkpoints of a kernel, a step and a graph of objects. */
final class SmallCheckpoint implements AutoCloseable {
  private static final String KERNEL = CheckpointKeys.key("model/dense/kernel");

  private final Graph graph = new Graph();
  private final Placeholder<TString> fed;
  private final Op assign;
  private final BundleWriter writer;
  private final Session session;

  SmallCheckpoint() {
    Ops tf = GraphOps.of(graph);
    fed = tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    VarHandleOp objects = tf.varHandleOp(TString.class, Shape.scalar());
    assign = tf.assignVariableOp(objects, fed);
    ImmutableMap<String, Operand<?>> values =
        ImmutableMap.of(
            CheckpointKeys.OBJECT_GRAPH,
            tf.readVariableOp(objects, TString.class),
            CheckpointKeys.key(CheckpointKeys.GLOBAL_STEP),
            tf.constant(7L),
            KERNEL,
            tf.constant(new float[][] {{1, 2, 3}, {4, 5, 6}}));
    writer = BundleWriter.build(tf, values);
    session = new Session(graph);
  }

  void write(Path prefix, byte[] objectGraph) {
    try (TString text = TString.tensorOfBytes(NdArrays.scalarOfObject(objectGraph))) {
      session.runner().feed(fed, text).addTarget(assign).run().close();
      writer.write(session, prefix);
    }
  }

  /** The right one. */
  static byte[] objectGraph() {
    return TrackableObjectGraph.newBuilder()
        .addNodes(
            TrackableObject.newBuilder()
                .addChildren(child("model", 1))
                .addChildren(child("global_step", 4)))
        .addNodes(TrackableObject.newBuilder().addChildren(child("resnet_model", 2)))
        .addNodes(TrackableObject.newBuilder().addChildren(child("dense", 3)))
        .addNodes(variable("dense/kernel", KERNEL))
        .addNodes(variable("global_step", CheckpointKeys.key(CheckpointKeys.GLOBAL_STEP)))
        .build()
        .toByteArray();
  }

  private static ObjectReference child(String name, int node) {
    return ObjectReference.newBuilder().setLocalName(name).setNodeId(node).build();
  }

  private static TrackableObject variable(String name, String key) {
    return TrackableObject.newBuilder()
        .addAttributes(
            SerializedTensor.newBuilder()
                .setName("VARIABLE_VALUE")
                .setFullName(name)
                .setCheckpointKey(key))
        .build();
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
