package simclr.export.savedmodel;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static com.google.common.collect.ImmutableMap.toImmutableMap;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import com.google.common.collect.Iterables;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.ResourceHandleProto;
import org.tensorflow.proto.TensorShapeProto;
import simclr.graph.GraphOps;
import simclr.model.VariableSpec;
import simclr.model.Variables;

/**
 * A function of one tensor and of the variables that it reads or moves.
 *
 * @param definition arguments are the tensor, then a resource for each captured variable; results
 *     are in the order of their names
 * @param captured in the order of the resource arguments
 * @param nested functions that the definition calls
 */
record ModuleFunction(
    FunctionDef definition,
    TensorSpec input,
    ImmutableSortedMap<String, TensorSpec> outputs,
    ImmutableList<VariableSpec> captured,
    ImmutableList<FunctionDef> nested) {

  /**
   * What a function is made of.
   *
   * @param input a placeholder; its name becomes the argument's
   * @param outputs by the names of the results
   * @param updates operations that have to run although no result depends on them
   * @param variables that the operations use
   */
  record Body(
      Operand<?> input,
      ImmutableSortedMap<String, Operand<?>> outputs,
      List<Op> updates,
      Variables variables) {}

  /** Builds {@code body} in a graph of its own and turns what its results need into a function. */
  static ModuleFunction build(String name, Function<Ops, Body> body) {
    try (Graph graph = new Graph()) {
      Body built = body.apply(GraphOps.of(graph));
      return of(name, graph.toGraphDef(), built);
    }
  }

  String name() {
    return definition.getSignature().getName();
  }

  private static ModuleFunction of(String name, GraphDef graph, Body body) {
    String input = body.input().op().name();
    List<String> outputs =
        body.outputs().values().stream()
            .map(output -> output.op().name() + ":" + output.asOutput().index())
            .toList();
    List<String> updates = body.updates().stream().map(update -> update.op().name()).toList();
    GraphDef needed = ancestors(graph, Iterables.concat(List.of(input), outputs, updates));

    Set<String> names = new HashSet<>();
    needed.getNodeList().forEach(node -> names.add(node.getName()));
    ImmutableMap<String, VariableSpec> captured =
        body.variables().all().stream()
            .filter(variable -> names.contains(variable.handle().op().name()))
            .collect(toImmutableMap(v -> v.handle().op().name(), Variables.Variable::spec));

    List<String> arguments = new ArrayList<>(List.of(input));
    arguments.addAll(captured.keySet());
    FunctionDef definition =
        CFunctions.define(
            name, needed, arguments, outputs, body.outputs().keySet().asList(), updates);
    TensorSpec inputSpec = TensorSpec.of(input, body.input());
    return new ModuleFunction(
        describeArguments(definition, inputSpec, captured.values().asList()),
        inputSpec,
        specs(body.outputs()),
        captured.values().asList(),
        needed.getLibrary().getFunctionList().stream().collect(toImmutableList()));
  }

  private static ImmutableSortedMap<String, TensorSpec> specs(Map<String, Operand<?>> outputs) {
    ImmutableSortedMap.Builder<String, TensorSpec> specs = ImmutableSortedMap.naturalOrder();
    outputs.forEach((name, output) -> specs.put(name, TensorSpec.of(name, output)));
    return specs.buildOrThrow();
  }

  /** The nodes that any of {@code tensors} (or operations) depends on. */
  private static GraphDef ancestors(GraphDef graph, Iterable<String> tensors) {
    Map<String, NodeDef> nodes =
        graph.getNodeList().stream().collect(toImmutableMap(NodeDef::getName, node -> node));
    Set<String> found = new HashSet<>();
    ArrayDeque<String> next = new ArrayDeque<>();
    tensors.forEach(next::add);
    while (!next.isEmpty()) {
      String tensor = next.remove().replaceFirst("^\\^", "");
      String name = tensor.replaceFirst(":\\d+$", "");
      NodeDef node = nodes.get(name);
      if (node != null && found.add(name)) {
        next.addAll(node.getInputList());
      }
    }
    GraphDef.Builder needed = graph.toBuilder().clearNode();
    graph.getNodeList().stream()
        .filter(node -> found.contains(node.getName()))
        .forEach(needed::addNode);
    return needed.build();
  }

  /** What Python's loader wants beside the types: shapes, also of what a resource holds. */
  private static FunctionDef describeArguments(
      FunctionDef definition, TensorSpec input, List<VariableSpec> captured) {
    FunctionDef.Builder described = definition.toBuilder();
    AttrValue.ListValue.Builder shapes = AttrValue.ListValue.newBuilder();
    shapes.addShape(input.shapeProto());
    described.getSignatureBuilder().getInputArgBuilder(0).setName(input.name());
    for (int i = 0; i < captured.size(); i++) {
      shapes.addShape(TensorShapeProto.getDefaultInstance()); // a resource is a scalar
      OpDef.ArgDef.Builder argument =
          described.getSignatureBuilder().getInputArgBuilder(i + 1).clearHandleData();
      argument.addHandleData(
          ResourceHandleProto.DtypeAndShape.newBuilder()
              .setDtype(DataType.DT_FLOAT)
              .setShape(TensorSpec.proto(captured.get(i).shape())));
    }
    return described
        .putAttr("_input_shapes", AttrValue.newBuilder().setList(shapes).build())
        .build();
  }
}
