package simclr.tools.mutants;

import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.RawTensor;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.ObjectReference;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.SerializedTensor;
import org.tensorflow.types.TString;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.ObjectPaths;
import simclr.checkpoint.bundle.BundleFiles;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.checkpoint.bundle.BundleWriter;
import simclr.export.inspect.Inspection;
import simclr.graph.GraphOps;

/** A small checkpoint of three tensors and its graph of objects. */
@TestInstance(Lifecycle.PER_CLASS)
final class CheckpointMutantsTest {
  private static final String KERNEL = CheckpointKeys.key("model/dense/kernel");

  private final Graph graph = new Graph();
  private final Placeholder<TString> fed;
  private final Op assign;
  private final BundleWriter writer;
  private final Session session;

  @TempDir Path dir;

  CheckpointMutantsTest() {
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

  @BeforeAll
  void write() {
    write(objectGraph());
  }

  @AfterAll
  void close() {
    session.close();
    graph.close();
  }

  @Test
  void indexWhoseChecksumsTell() throws Exception {
    Path index = BundleFiles.index(prefix());
    Mutants.checksummed("checkpoint index", Files.readAllBytes(index))
        .check(Bytes::mutate, bytes -> contentWith(index, bytes));
  }

  @Test
  void indexUnderRightChecksums() throws Exception {
    Path index = BundleFiles.index(prefix());
    Mutants.of("checkpoint index, checksums right", Files.readAllBytes(index))
        .check(IndexTable::mutate, bytes -> contentWith(index, bytes));
  }

  @Test
  void dataWhoseChecksumsTell() throws Exception {
    Path data = BundleFiles.data(prefix());
    Mutants.checksummed("checkpoint data", Files.readAllBytes(data))
        .check(Bytes::mutate, bytes -> contentWith(data, bytes));
  }

  @Test
  void graphOfObjects() throws Exception {
    Mutants.of("object graph", objectGraph())
        .check(
            Protos::mutate,
            bytes -> {
              write(bytes);
              return content();
            });
  }

  private Object contentWith(Path file, byte[] bytes) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, bytes);
    try {
      return content();
    } finally {
      Files.write(file, whole);
    }
  }

  /** Everything that commands read of a checkpoint. */
  private Object content() {
    CheckpointFile file = CheckpointFile.open(prefix());
    file.verify();
    TrackableObjectGraph objects = file.objectGraph();
    ObjectPaths paths = new ObjectPaths(objects);
    List<String> values = new ArrayList<>();
    for (CheckpointFile.Entry entry : file.tensors()) {
      if (entry.type() != DataType.DT_STRING) {
        try (BundleTensors read = file.read(List.of(entry.key()))) {
          values.add(entry + " " + sha256(read.get(0).asRawTensor()));
        }
      }
    }
    Inspection inspection = Inspection.of(prefix(), line -> {});
    inspection.lines(true);
    inspection.json();
    return List.of(values, file.step(), objects, paths.keysByPath(), paths.keysByName());
  }

  private static String sha256(RawTensor tensor) {
    byte[] bytes = new byte[Math.toIntExact(tensor.numBytes())];
    tensor.data().read(bytes);
    return Hashing.sha256().hashBytes(bytes).toString();
  }

  private void write(byte[] objectGraph) {
    try (TString text = TString.tensorOfBytes(NdArrays.scalarOfObject(objectGraph))) {
      session.runner().feed(fed, text).addTarget(assign).run().close();
      writer.write(session, prefix());
    }
  }

  private static byte[] objectGraph() {
    return TrackableObjectGraph.newBuilder()
        .addNodes(TrackableObject.newBuilder().addChildren(child("model", 1)).addChildren(child("global_step", 4)))
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

  private Path prefix() {
    return dir.resolve("ckpt-7");
  }
}
