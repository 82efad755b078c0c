package simclr.export.inspect;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObjectGraph;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.Struct.StructuredValue;
import org.tensorflow.proto.Struct.TensorSpecProto;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.ObjectReference;

/**
 * What a SavedModel offers to its callers.
 *
 * @param signatures of every tag set
 * @param endpoints what {@code __call__} returns, or else the outputs of the signature {@code
 *     default}
 */
record ModelInterface(ImmutableList<Signature> signatures, ImmutableList<Value> endpoints) {
  private static final String INITIALISER = "__saved_model_init_op";

  /** A function to be called by name. */
  record Signature(
      ImmutableList<String> tags,
      String name,
      ImmutableList<Value> inputs,
      ImmutableList<Value> outputs) {}

  /**
   * A tensor that goes in or out.
   *
   * @param type e.g. {@code float32 (?, 512)}
   * @param meaning empty if unknown
   */
  record Value(String name, String type, String meaning) {}

  static ModelInterface of(SavedModel model) {
    ImmutableList.Builder<Signature> signatures = ImmutableList.builder();
    Map<String, Value> endpoints = new LinkedHashMap<>();
    for (MetaGraphDef graph : model.getMetaGraphsList()) {
      new TreeMap<>(graph.getSignatureDefMap())
          .forEach(
              (name, signature) -> {
                if (!name.equals(INITIALISER)) {
                  signatures.add(signature(graph, name, signature));
                }
              });
      called(graph.getObjectGraphDef()).forEach(value -> endpoints.put(value.name(), value));
    }
    ImmutableList<Signature> found = signatures.build();
    if (endpoints.isEmpty()) {
      found.stream()
          .filter(signature -> signature.name().equals("default"))
          .forEach(s -> s.outputs().forEach(value -> endpoints.put(value.name(), value)));
    }
    return new ModelInterface(found, ImmutableList.copyOf(endpoints.values()));
  }

  private static Signature signature(MetaGraphDef graph, String name, SignatureDef signature) {
    return new Signature(
        ImmutableList.copyOf(graph.getMetaInfoDef().getTagsList()),
        name,
        values(signature.getInputsMap()),
        values(signature.getOutputsMap()));
  }

  private static ImmutableList<Value> values(Map<String, TensorInfo> tensors) {
    return new TreeMap<>(tensors)
        .entrySet().stream()
            .map(
                tensor ->
                    new Value(
                        tensor.getKey(),
                        type(tensor.getValue().getDtype(), tensor.getValue().getTensorShape()),
                        Meanings.of(tensor.getKey())))
            .collect(toImmutableList());
  }

  /** Outputs of the root's {@code __call__}, over all its concrete functions. */
  private static List<Value> called(SavedObjectGraph objects) {
    Map<String, Value> values = new TreeMap<>();
    if (objects.getNodesCount() > 0) {
      for (ObjectReference child : objects.getNodes(0).getChildrenList()) {
        if (child.getLocalName().equals("__call__")
            && child.getNodeId() >= 0
            && child.getNodeId() < objects.getNodesCount()) {
          SavedObject call = objects.getNodes(child.getNodeId());
          for (String name : call.getFunction().getConcreteFunctionsList()) {
            outputs(
                    objects.getConcreteFunctionsOrDefault(
                        name, SavedConcreteFunction.getDefaultInstance()))
                .forEach(values::put);
          }
        }
      }
    }
    return new ArrayList<>(values.values());
  }

  private static ImmutableMap<String, Value> outputs(SavedConcreteFunction function) {
    ImmutableMap.Builder<String, Value> values = ImmutableMap.builder();
    for (Map.Entry<String, StructuredValue> field :
        function.getOutputSignature().getDictValue().getFieldsMap().entrySet()) {
      TensorSpecProto spec = field.getValue().getTensorSpecValue();
      values.put(
          field.getKey(),
          new Value(
              field.getKey(), type(spec.getDtype(), spec.getShape()), Meanings.of(field.getKey())));
    }
    return values.buildOrThrow();
  }

  private static String type(DataType type, TensorShapeProto shape) {
    return typeName(type)
        + ' '
        + (shape.getUnknownRank()
            ? "of any shape"
            : shape.getDimList().stream()
                .map(d -> d.getSize() < 0 ? "?" : Long.toString(d.getSize()))
                .collect(joining(", ", "(", ")")));
  }

  static String typeName(DataType type) {
    String name = type.name().replaceFirst("^DT_", "").toLowerCase(Locale.ROOT);
    return name.equals("float") ? "float32" : name.equals("double") ? "float64" : name;
  }
}
