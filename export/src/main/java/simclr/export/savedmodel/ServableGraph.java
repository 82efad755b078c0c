package simclr.export.savedmodel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.CheckpointKeys;
import simclr.graph.GraphOps;
import simclr.model.VariableSpec;

/**
 * The graph for those who load by session (TensorFlow Serving, {@code SavedModelBundle}, {@code
 * saved_model_cli}): variables, how they are restored, and one call for each signature.
 */
final class ServableGraph {
  private static final String PREDICT = "tensorflow/serving/predict";
  private static final String INIT = "__saved_model_init_op";
  private static final String LABELS = "labels_asset";

  private final MetaGraphDef.Builder meta = MetaGraphDef.newBuilder();
  private final GraphDef.Builder graph;
  private final Map<String, String> handles = new LinkedHashMap<>();

  private ServableGraph(List<VariableSpec> variables, boolean labels) {
    try (Graph built = new Graph()) {
      Ops tf = GraphOps.of(built);
      addVariables(built, tf, variables);
      if (labels) {
        tf.withName(LABELS).constant("");
      }
      graph = built.toGraphDef().toBuilder();
    }
    if (labels) {
      meta.addAssetFileDef(
          AssetFileDef.newBuilder()
              .setFilename(SavedModelWriter.LABELS)
              .setTensorInfo(TensorInfo.newBuilder().setName(LABELS + ":0")));
    }
  }

  /**
   * The graph with its signatures and library.
   *
   * @param called further functions that belong into the library
   * @param labels whether class names are an asset
   */
  static MetaGraphDef.Builder build(
      List<VariableSpec> variables,
      Map<String, ModuleFunction> signatures,
      List<ModuleFunction> called,
      boolean labels) {
    ServableGraph servable = new ServableGraph(variables, labels);
    signatures.forEach(servable::addSignature);
    Map<String, FunctionDef> library = new LinkedHashMap<>();
    List<ModuleFunction> all = new ArrayList<>(called);
    all.addAll(signatures.values());
    for (ModuleFunction function : all) {
      library.put(function.name(), function.definition());
      function.nested().forEach(f -> library.put(f.getSignature().getName(), f));
    }
    servable.graph.getLibraryBuilder().addAllFunction(library.values());
    return servable.meta.setGraphDef(DefaultAttributes.strip(servable.graph.build()));
  }

  private void addVariables(Graph built, Ops tf, List<VariableSpec> variables) {
    Placeholder<TString> prefix =
        tf.withName("saver_filename").placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    List<VarHandleOp> vars = new ArrayList<>();
    List<Operand<?>> values = new ArrayList<>();
    for (VariableSpec spec : variables) {
      VarHandleOp handle = handle(built, tf, spec);
      handles.put(spec.checkpointKey(), handle.op().name());
      vars.add(handle);
      values.add(tf.withSubScope("save").readVariableOp(handle, TFloat32.class));
    }
    String[] wholeTensors = new String[variables.size()];
    Arrays.fill(wholeTensors, "");
    Operand<TString> keys =
        tf.array(
            variables.stream()
                .map(spec -> CheckpointKeys.key(spec.checkpointKey()))
                .toArray(String[]::new));
    Operand<TString> slices = tf.array(wholeTensors);

    List<Class<? extends TType>> types = Collections.nCopies(variables.size(), TFloat32.class);
    List<Output<?>> restored = tf.train.restore(prefix, keys, slices, types).tensors();
    List<Op> assigns = new ArrayList<>();
    for (int i = 0; i < vars.size(); i++) {
      assigns.add(tf.withSubScope("restore").assignVariableOp(vars.get(i), restored.get(i)));
    }
    tf.withControlDependencies(assigns).withName("restore_all").noOp();
    Op save = tf.train.save(prefix, keys, slices, values);
    tf.withControlDependencies(List.of(save)).withName("save_path").identity(prefix);
    tf.withName("NoOp").noOp();
    meta.setSaverDef(
        SaverDef.newBuilder()
            .setFilenameTensorName("saver_filename:0")
            .setSaveTensorName("save_path:0")
            .setRestoreOpName("restore_all")
            .setVersion(SaverDef.CheckpointFormatVersion.V2));
    meta.putSignatureDef(
        INIT,
        SignatureDef.newBuilder()
            .putOutputs(
                INIT,
                TensorInfo.newBuilder()
                    .setName("NoOp")
                    .setTensorShape(TensorShapeProto.newBuilder().setUnknownRank(true))
                    .build())
            .build());
  }

  /** By the raw builder: the typed one refuses names with slashes. */
  private static VarHandleOp handle(Graph built, Ops tf, VariableSpec spec) {
    return new VarHandleOp(
        built
            .opBuilder("VarHandleOp", spec.kerasName(), tf.scope())
            .setAttr("dtype", DataType.DT_FLOAT)
            .setAttr("shape", spec.shape())
            .setAttr("shared_name", spec.kerasName())
            .build());
  }

  private void addSignature(String key, ModuleFunction function) {
    TensorSpec input = function.input();
    String placeholder = key + "_" + input.name();
    String call = key + "_call";
    graph
        .addNodeBuilder()
        .setName(placeholder)
        .setOp("Placeholder")
        .putAttr("dtype", AttrValue.newBuilder().setType(input.type()).build())
        .putAttr("shape", AttrValue.newBuilder().setShape(input.shapeProto()).build());
    List<String> arguments = new ArrayList<>(List.of(placeholder));
    function.captured().forEach(spec -> arguments.add(handle(spec)));
    graph.addNode(call(call, function, arguments));

    SignatureDef.Builder signature = SignatureDef.newBuilder().setMethodName(PREDICT);
    signature.putInputs(input.name(), input.info(placeholder + ":0"));
    List<String> names = function.outputs().keySet().asList();
    function
        .outputs()
        .forEach(
            (name, spec) ->
                signature.putOutputs(name, spec.info(call + ":" + names.indexOf(name))));
    meta.putSignatureDef(key, signature.build());
  }

  private String handle(VariableSpec spec) {
    return Optional.ofNullable(handles.get(spec.checkpointKey())).orElseThrow();
  }

  private static NodeDef call(String node, ModuleFunction function, List<String> arguments) {
    OpDef signature = function.definition().getSignature();
    AttrValue.ListValue.Builder in = AttrValue.ListValue.newBuilder();
    signature.getInputArgList().forEach(argument -> in.addType(argument.getType()));
    AttrValue.ListValue.Builder out = AttrValue.ListValue.newBuilder();
    signature.getOutputArgList().forEach(argument -> out.addType(argument.getType()));
    return NodeDef.newBuilder()
        .setName(node)
        .setOp("StatefulPartitionedCall")
        .addAllInput(arguments)
        .putAttr("Tin", AttrValue.newBuilder().setList(in).build())
        .putAttr("Tout", AttrValue.newBuilder().setList(out).build())
        .putAttr(
            "f",
            AttrValue.newBuilder()
                .setFunc(NameAttrList.newBuilder().setName(function.name()))
                .build())
        .build();
  }
}
