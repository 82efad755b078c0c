package simclr.export.inspect;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;

/**
 * A SavedModel as Python writes it, of few nodes: a variable, a saver, an initialisation, and a
 * signature that calls functions in every way there is. It is harmless; tests change one thing.
 */
final class HandMadeModel {
  static final String SAVE = "__inference__traced_save_1";
  static final String RESTORE = "__inference__traced_restore_2";
  static final String SERVE = "__inference_serve_3";

  /** Functions that {@link #SERVE} calls, each by another kind of operation. */
  static final List<String> CALLED =
      List.of("then", "else", "cond", "body", "first", "second", "nested", "innermost", "item");

  private final MetaGraphDef.Builder meta = MetaGraphDef.newBuilder();

  private HandMadeModel() {}

  static HandMadeModel harmless() {
    HandMadeModel model = new HandMadeModel();
    model.meta.getMetaInfoDefBuilder().addTags("serve");
    model.main(
        node("saver_filename", "Placeholder"),
        node("v", "VarHandleOp"),
        node("x", "Placeholder"),
        node("init", "NoOp"),
        call("save", SAVE, "saver_filename", "v"),
        call("restore", RESTORE, "saver_filename", "v"),
        call("served", SERVE, "x", "v"));
    model.function(
        SAVE,
        node("value", "ReadVariableOp", "v"),
        with(node("s3", "StaticRegexFullMatch", "prefix"), "pattern", text("^s3://.*")),
        constant("part", ".part"),
        constant("temp", "_temp/part"),
        node("suffix", "Select", "s3:output:0", "part:output:0", "temp:output:0"),
        node("joined", "StringJoin", "prefix", "suffix:output:0"),
        node("count", "Const"),
        node("shard", "Const"),
        node("name", "ShardedFilename", "joined:output:0", "shard:output:0", "count:output:0"),
        constant("keys", "v"),
        constant("slices", ""),
        node("write", "SaveV2", "name:filename:0", "keys:output:0", "slices:output:0"),
        node("names", "Pack", "name:filename:0", "^write"),
        node("merge", "MergeV2Checkpoints", "names:output:0", "prefix"),
        node("done", "Identity", "prefix", "^merge"));
    model.function(
        RESTORE,
        constant("keys", "v"),
        constant("slices", ""),
        node("read", "RestoreV2", "prefix", "keys:output:0", "slices:output:0"),
        node("assign", "AssignVariableOp", "v", "read:tensors:0"));
    model.function(
        SERVE,
        node("value", "ReadVariableOp", "v"),
        node("product", "Mul", "prefix", "value:value:0"),
        with(
            with(node("if", "If", "product:z:0"), "then_branch", function("then", Map.of())),
            "else_branch",
            function("else", Map.of())),
        with(
            with(
                node("while", "StatelessWhile", "if:output:0"), "cond", function("cond", Map.of())),
            "body",
            function("body", Map.of())),
        with(node("case", "Case", "while:output:0"), "branches", functions("first", "second")),
        with(node("call", "PartitionedCall", "case:output:0"), "f", function("nested", Map.of())),
        with(node("map", "MapDefun", "call:output:0"), "f", function("item", Map.of())));
    model.function("nested", node("deeper", "innermost", "prefix"));
    CALLED.stream()
        .filter(name -> !name.equals("nested"))
        .forEach(name -> model.function(name, node("y", "Neg", "prefix")));
    model
        .meta
        .setSaverDef(
            SaverDef.newBuilder()
                .setFilenameTensorName("saver_filename:0")
                .setSaveTensorName("save:0")
                .setRestoreOpName("restore"))
        .putSignatureDef("serving_default", signature("served:0"))
        .putSignatureDef("__saved_model_init_op", initialisation("init"))
        .putCollectionDef("saved_model_main_op", nodes("init"));
    return model;
  }

  /** The scan of the model, with this change. */
  static OperationScan scan(Consumer<HandMadeModel> change) {
    HandMadeModel model = harmless();
    change.accept(model);
    return OperationScan.of(
        Path.of("model"), SavedModel.newBuilder().addMetaGraphs(model.meta).build());
  }

  MetaGraphDef.Builder meta() {
    return meta;
  }

  GraphDef.Builder graph() {
    return meta.getGraphDefBuilder();
  }

  HandMadeModel main(NodeDef... nodes) {
    graph().addAllNode(List.of(nodes));
    return this;
  }

  /** Adds a function of the arguments {@code prefix} and {@code v}. */
  HandMadeModel function(String name, NodeDef... nodes) {
    OpDef.Builder signature = OpDef.newBuilder().setName(name);
    signature.addInputArgBuilder().setName("prefix").setType(DataType.DT_STRING);
    signature.addInputArgBuilder().setName("v").setType(DataType.DT_RESOURCE);
    graph()
        .getLibraryBuilder()
        .addFunction(
            FunctionDef.newBuilder().setSignature(signature).addAllNodeDef(List.of(nodes)));
    return this;
  }

  /** A function that is there, to be changed. */
  FunctionDef.Builder existing(String name) {
    return graph().getLibraryBuilder().getFunctionBuilderList().stream()
        .filter(function -> function.getSignature().getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** A node that is there, to be changed; of the main graph if no function is named. */
  NodeDef.Builder nodeOf(String function, String name) {
    Stream<NodeDef.Builder> nodes =
        function.isEmpty()
            ? graph().getNodeBuilderList().stream()
            : existing(function).getNodeDefBuilderList().stream();
    return nodes.filter(node -> node.getName().equals(name)).findFirst().orElseThrow();
  }

  /** Adds nodes to a function that is there. */
  HandMadeModel into(String function, NodeDef... nodes) {
    existing(function).addAllNodeDef(List.of(nodes));
    return this;
  }

  static NodeDef node(String name, String operation, String... inputs) {
    return NodeDef.newBuilder().setName(name).setOp(operation).addAllInput(List.of(inputs)).build();
  }

  static NodeDef with(NodeDef node, String attribute, AttrValue value) {
    return node.toBuilder().putAttr(attribute, value).build();
  }

  static NodeDef call(String name, String function, String... inputs) {
    return with(node(name, "StatefulPartitionedCall", inputs), "f", function(function, Map.of()));
  }

  static NodeDef constant(String name, String value) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setDtype(DataType.DT_STRING)
            .addStringVal(ByteString.copyFromUtf8(value));
    return with(node(name, "Const"), "value", AttrValue.newBuilder().setTensor(tensor).build());
  }

  static AttrValue text(String value) {
    return AttrValue.newBuilder().setS(ByteString.copyFromUtf8(value)).build();
  }

  static AttrValue flag(boolean value) {
    return AttrValue.newBuilder().setB(value).build();
  }

  static AttrValue placeholder(String parameter) {
    return AttrValue.newBuilder().setPlaceholder(parameter).build();
  }

  static AttrValue function(String name, Map<String, AttrValue> attributes) {
    return AttrValue.newBuilder()
        .setFunc(NameAttrList.newBuilder().setName(name).putAllAttr(attributes))
        .build();
  }

  static AttrValue functions(String... names) {
    AttrValue.ListValue.Builder list = AttrValue.ListValue.newBuilder();
    Stream.of(names).forEach(name -> list.addFunc(NameAttrList.newBuilder().setName(name)));
    return AttrValue.newBuilder().setList(list).build();
  }

  static SignatureDef signature(String output) {
    return SignatureDef.newBuilder()
        .putInputs("x", TensorInfo.newBuilder().setName("x:0").build())
        .putOutputs("y", TensorInfo.newBuilder().setName(output).build())
        .build();
  }

  static SignatureDef initialisation(String operation) {
    return SignatureDef.newBuilder()
        .putOutputs("__saved_model_init_op", TensorInfo.newBuilder().setName(operation).build())
        .build();
  }

  static CollectionDef nodes(String... names) {
    return CollectionDef.newBuilder()
        .setNodeList(CollectionDef.NodeList.newBuilder().addAllValue(List.of(names)))
        .build();
  }
}
