package simclr.export.savedmodel;

import com.google.common.base.Splitter;
import com.google.protobuf.BoolValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedAsset;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedBareConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObjectGraph;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedUserObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedVariable;
import org.tensorflow.proto.Struct.StructuredValue;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject;
import org.tensorflow.proto.VersionDef;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.ObjectNumbers;
import simclr.export.savedmodel.ModuleFunctions.Registry;
import simclr.model.VariableSpec;

/**
 * The Python objects that loading a SavedModel gives back.
 *
 * <pre>
 * root
 *   model                      the variables, at the paths of their checkpoint keys
 *   trainable_variables_list   as in the release
 *   variables, trainable_variables, regularization_losses    what hub.KerasLayer asks for
 *   __call__                   trace_0 (training), trace_1 (inference)
 *   labels                     the asset, where class names are known
 *   signatures
 * </pre>
 *
 * <p>The same numbering serves the object graph of the SavedModel and that of its variables file.
 * The file's keys are those of a training checkpoint, so that it can be restored as one.
 */
final class ObjectTree {
  private static final String TRAINABLE = "trainable";

  private final Node root = new Node(userObject("_generic_user_object"));
  private final Map<String, Node> variables = new LinkedHashMap<>();
  private final SavedObjectGraph.Builder graph = SavedObjectGraph.newBuilder();
  private final Map<ModuleFunction, StructuredValue> arguments = new LinkedHashMap<>();

  private ObjectTree() {}

  static ObjectTree of(
      Registry registry,
      List<ModuleFunction> calls,
      Map<String, ModuleFunction> signatures,
      boolean labels) {
    ObjectTree tree = new ObjectTree();
    tree.addVariables(registry);
    tree.addCall(calls);
    if (labels) {
      tree.root.children.put("labels", new Node(asset()));
    }
    tree.addSignatures(signatures);
    return tree;
  }

  /** For {@code saved_model.pb}. */
  SavedObjectGraph savedObjects() {
    Map<Node, Integer> ids = numbered();
    SavedObjectGraph.Builder saved = graph.clone();
    for (Node node : ids.keySet()) {
      SavedObject.Builder object = node.object.clone();
      node.children.forEach(
          (name, child) -> {
            object.addChildrenBuilder().setLocalName(name).setNodeId(id(ids, child));
            if (object.hasFunction()) {
              object.addDependenciesBuilder().setLocalName(name).setNodeId(id(ids, child));
            }
          });
      saved.addNodes(object);
    }
    arguments.forEach(
        (function, given) -> {
          SavedConcreteFunction.Builder concrete =
              SavedConcreteFunction.newBuilder()
                  .setCanonicalizedInputSignature(given)
                  .setOutputSignature(Structures.dict(function.outputs()));
          for (VariableSpec captured : function.captured()) {
            concrete.addBoundInputs(id(ids, variable(captured)));
          }
          saved.putConcreteFunctions(function.name(), concrete.build());
        });
    return saved.build();
  }

  /** For the variables file. */
  TrackableObjectGraph checkpointObjects() {
    Map<Node, Integer> ids = numbered();
    TrackableObjectGraph.Builder proto = TrackableObjectGraph.newBuilder();
    for (Node node : ids.keySet()) {
      TrackableObject.Builder object =
          proto.addNodesBuilder().setHasCheckpointValues(BoolValue.of(true));
      node.children.forEach(
          (name, child) ->
              object.addChildrenBuilder().setLocalName(name).setNodeId(id(ids, child)));
      if (node.variable != null) {
        object
            .addAttributesBuilder()
            .setName("VARIABLE_VALUE")
            .setFullName(node.variable.kerasName())
            .setCheckpointKey(CheckpointKeys.key(node.variable.checkpointKey()));
      }
    }
    return proto.build();
  }

  private void addVariables(Registry registry) {
    for (VariableSpec spec : registry.all()) {
      Node node = root.at(spec.checkpointKey());
      node.variable = spec;
      node.object =
          SavedObject.newBuilder()
              .setVariable(
                  SavedVariable.newBuilder()
                      .setDtype(DataType.DT_FLOAT)
                      .setShape(TensorSpec.proto(spec.shape()))
                      .setTrainable(spec.trainable())
                      .setName(spec.kerasName()));
      variables.put(spec.checkpointKey(), node);
    }
    addList("trainable_variables_list", registry.trainable());
    addList("variables", registry.all());
    addList("trainable_variables", registry.trainable());
    addList("regularization_losses", List.of());
  }

  private void addList(String name, List<VariableSpec> specs) {
    Node list = new Node(userObject("trackable_list_wrapper"));
    for (int i = 0; i < specs.size(); i++) {
      list.children.put(Integer.toString(i), variable(specs.get(i)));
    }
    root.children.put(name, list);
  }

  private void addCall(List<ModuleFunction> calls) {
    SavedFunction.Builder function =
        SavedFunction.newBuilder()
            .setFunctionSpec(
                Structures.functionSpec(List.of(ModuleFunctions.INPUTS, TRAINABLE), List.of()));
    Node call = new Node(SavedObject.newBuilder());
    for (int i = 0; i < calls.size(); i++) {
      ModuleFunction concrete = calls.get(i);
      function.addConcreteFunctions(concrete.name());
      arguments.put(concrete, Structures.callArguments(concrete.input(), i == 0));
      SavedBareConcreteFunction.Builder bare =
          SavedBareConcreteFunction.newBuilder()
              .setConcreteFunctionName(concrete.name())
              .addArgumentKeywords(concrete.input().name())
              .setAllowedPositionalArguments(1)
              .setFunctionSpec(function.getFunctionSpec());
      call.children.put(
          "trace_" + i, new Node(SavedObject.newBuilder().setBareConcreteFunction(bare)));
    }
    call.object.setFunction(function);
    root.children.put("__call__", call);
  }

  private void addSignatures(Map<String, ModuleFunction> signatures) {
    Node map = new Node(userObject("signature_map"));
    signatures.forEach(
        (key, function) -> {
          List<String> keywords = List.of(function.input().name());
          arguments.put(function, Structures.signatureArguments(function.input()));
          SavedBareConcreteFunction.Builder bare =
              SavedBareConcreteFunction.newBuilder()
                  .setConcreteFunctionName(function.name())
                  .addAllArgumentKeywords(keywords)
                  .setAllowedPositionalArguments(keywords.size())
                  .setFunctionSpec(Structures.functionSpec(List.of(), keywords));
          map.children.put(key, new Node(SavedObject.newBuilder().setBareConcreteFunction(bare)));
        });
    root.children.put("signatures", map);
  }

  private Node variable(VariableSpec spec) {
    Node node = variables.get(spec.checkpointKey());
    if (node == null) {
      throw new IllegalStateException(spec.checkpointKey() + " is not a variable of the module");
    }
    return node;
  }

  private Map<Node, Integer> numbered() {
    return ObjectNumbers.of(root, node -> node.children.values());
  }

  private static int id(Map<Node, Integer> ids, Node node) {
    return ids.getOrDefault(node, 0);
  }

  private static SavedObject.Builder asset() {
    return SavedObject.newBuilder().setAsset(SavedAsset.newBuilder().setAssetFileDefIndex(0));
  }

  private static SavedObject.Builder userObject(String identifier) {
    return SavedObject.newBuilder()
        .setUserObject(
            SavedUserObject.newBuilder()
                .setIdentifier(identifier)
                .setVersion(VersionDef.newBuilder().setProducer(1).setMinConsumer(1)));
  }

  /** An object. Compared by identity. */
  private static final class Node {
    final Map<String, Node> children = new LinkedHashMap<>();
    SavedObject.Builder object;
    @Nullable VariableSpec variable;

    Node(SavedObject.Builder object) {
      this.object = object;
    }

    Node at(String path) {
      Node node = this;
      for (String name : Splitter.on('/').split(path)) {
        node =
            node.children.computeIfAbsent(name, n -> new Node(userObject("_generic_user_object")));
      }
      return node;
    }
  }
}
