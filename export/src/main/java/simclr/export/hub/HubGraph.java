package simclr.export.hub;

import com.google.common.collect.ImmutableMap;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.proto.VariableDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.config.RunConfig;
import simclr.export.savedmodel.DefaultAttributes;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Part;
import simclr.model.Variables;
import simclr.model.Variables.Variable;
import simclr.parallel.Replicas;

/**
 * One of the two graphs of a hub module. The format has no functions: the graph is the model, its
 * variables are found through collections, and the name of a variable's node is its key in the
 * checkpoint beside.
 */
final class HubGraph {
  static final String INPUT = "Placeholder";
  static final String SIGNATURE = "default";
  static final String TRAIN = "train";

  private HubGraph() {}

  /**
   * Builds the graph and describes it.
   *
   * @param training whether batch norm takes batch statistics; its moves are then in the collection
   *     {@code update_ops}, for the caller to run
   */
  static MetaGraphDef build(RunConfig config, int numClasses, boolean training) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Placeholder<TFloat32> images =
          tf.withName(INPUT)
              .placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, -1, -1, 3)));
      Variables variables =
          Variables.captured(tf, training, (ops, spec) -> handle(graph, ops, spec));
      SimClrModel.Outputs outputs =
          new SimClrModel(config, numClasses).build(variables, Replicas.single(), images);

      MetaGraphDef.Builder meta = MetaGraphDef.newBuilder();
      meta.getMetaInfoDefBuilder()
          .setTensorflowVersion(TensorFlow.version())
          .setStrippedDefaultAttrs(true);
      addCollections(meta, tf, variables);
      if (training) {
        meta.getMetaInfoDefBuilder().addTags(TRAIN);
        meta.putCollectionDef("update_ops", updates(variables));
      }
      meta.putSignatureDef(SIGNATURE, signature(named(graph, tf, config, outputs)));
      return meta.setGraphDef(DefaultAttributes.strip(graph.toGraphDef())).build();
    }
  }

  /** By the raw builder: Java's own does not take names with slashes. */
  private static Operand<? extends TType> handle(Graph graph, Ops tf, VariableSpec spec) {
    return new VarHandleOp(
        graph
            .opBuilder("VarHandleOp", spec.tf1Name(), tf.scope())
            .setAttr("dtype", DataType.DT_FLOAT)
            .setAttr("shape", spec.shape())
            .setAttr("shared_name", spec.tf1Name())
            .build());
  }

  private static void addCollections(MetaGraphDef.Builder meta, Ops tf, Variables variables) {
    CollectionDef.BytesList.Builder all = CollectionDef.BytesList.newBuilder();
    CollectionDef.BytesList.Builder trainable = CollectionDef.BytesList.newBuilder();
    for (Variable variable : variables.all()) {
      VariableDef definition = definition(tf, variable);
      all.addValue(definition.toByteString());
      if (variable.spec().trainable()) {
        trainable.addValue(definition.toByteString());
      }
    }
    meta.putCollectionDef("variables", CollectionDef.newBuilder().setBytesList(all).build());
    meta.putCollectionDef(
        "trainable_variables", CollectionDef.newBuilder().setBytesList(trainable).build());
  }

  /** The loader asks for an initial value, although it restores over it at once. */
  private static VariableDef definition(Ops tf, Variable variable) {
    Operand<TFloat32> zeros = tf.zeros(tf.constant(variable.spec().shape()), TFloat32.class);
    Op assign = tf.assignVariableOp(variable.handle(), zeros);
    return VariableDef.newBuilder()
        .setVariableName(tensor(variable.handle()))
        .setInitialValueName(tensor(zeros))
        .setInitializerName(assign.op().name())
        .setSnapshotName(tensor(variable.value()))
        .setIsResource(true)
        .setTrainable(variable.spec().trainable())
        .build();
  }

  private static CollectionDef updates(Variables variables) {
    CollectionDef.NodeList.Builder updates = CollectionDef.NodeList.newBuilder();
    variables.updates().forEach(update -> updates.addValue(update.op().name()));
    return CollectionDef.newBuilder().setNodeList(updates).build();
  }

  /** The outputs under the names, and the names of tensors, that the release has. */
  private static ImmutableMap<String, Operand<TFloat32>> named(
      Graph graph, Ops tf, RunConfig config, SimClrModel.Outputs outputs) {
    ImmutableMap.Builder<String, Operand<TFloat32>> named = ImmutableMap.builder();
    ImmutableMap<String, Operand<TFloat32>> encoder = outputs.endpoints().named();
    encoder.forEach(
        (name, value) -> {
          Operand<TFloat32> tensor =
              identity(graph, tf, Part.ENCODER.tf1Scope() + '/' + name, value);
          named.put(name, tensor);
          if (name.equals("final_avg_pool")) {
            named.put("default", tensor);
            if (config.projLayers() > 0) {
              named.put("proj_head_input", tensor);
            }
          }
        });
    if (config.projLayers() > 0) {
      String last = layerName(config);
      named.put(
          "proj_head_output",
          identity(
              graph,
              tf,
              Part.PROJECTION_HEAD.tf1Scope() + '/' + last + '/' + last + "_out",
              outputs.z()));
    }
    outputs
        .logits()
        .ifPresent(
            logits ->
                named.put(
                    "logits_sup",
                    identity(
                        graph,
                        tf,
                        Part.SUPERVISED_HEAD.tf1Scope() + "/linear_layer/linear_layer_out",
                        logits)));
    return named.buildOrThrow();
  }

  private static String layerName(RunConfig config) {
    return (config.projHeadMode() == RunConfig.ProjHeadMode.LINEAR ? "l_" : "nl_")
        + (config.projLayers() - 1);
  }

  private static Operand<TFloat32> identity(
      Graph graph, Ops tf, String name, Operand<TFloat32> value) {
    return graph
        .opBuilder("Identity", name, tf.scope())
        .addInput(value.asOutput())
        .build()
        .output(0);
  }

  private static SignatureDef signature(ImmutableMap<String, Operand<TFloat32>> outputs) {
    SignatureDef.Builder signature = SignatureDef.newBuilder();
    signature.putInputs("images", info(INPUT + ":0", Shape.of(-1, -1, -1, 3)));
    outputs.forEach(
        (name, value) -> signature.putOutputs(name, info(tensor(value), value.shape())));
    return signature.build();
  }

  private static TensorInfo info(String tensor, Shape shape) {
    TensorShapeProto.Builder dimensions = TensorShapeProto.newBuilder();
    for (long size : shape.asArray()) {
      dimensions.addDimBuilder().setSize(size);
    }
    return TensorInfo.newBuilder()
        .setName(tensor)
        .setDtype(DataType.DT_FLOAT)
        .setTensorShape(dimensions)
        .build();
  }

  private static String tensor(Operand<?> operand) {
    return operand.op().name() + ':' + operand.asOutput().index();
  }
}
