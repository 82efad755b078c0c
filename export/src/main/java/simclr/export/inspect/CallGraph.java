package simclr.export.inspect;

import static com.google.common.collect.ImmutableSet.toImmutableSet;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Maps;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef.ArgDef;

/** Which operations run when one runs: by inputs within a graph, by calls into functions. */
final class CallGraph {
  /** The main graph or a function; each is itself and equal to no other. */
  static final class Body {
    private final String function;
    private final ImmutableList<String> arguments;
    private final ImmutableMap<String, NodeDef> nodes;

    private Body(
        String function, ImmutableList<String> arguments, ImmutableMap<String, NodeDef> nodes) {
      this.function = function;
      this.arguments = arguments;
      this.nodes = nodes;
    }

    /** Its name; empty for the main graph. */
    String function() {
      return function;
    }

    /** Names of a function's arguments, in order. */
    ImmutableList<String> arguments() {
      return arguments;
    }

    ImmutableMap<String, NodeDef> nodes() {
      return nodes;
    }
  }

  /** An operation and the body it stands in. */
  record Place(Body body, NodeDef node) {}

  private static final ImmutableSet<String> CALLS =
      ImmutableSet.of("StatefulPartitionedCall", "PartitionedCall");

  private final Body main;
  private final ImmutableMap<String, Body> functions;
  private final ImmutableListMultimap<String, Place> callers;

  private CallGraph(
      Body main,
      ImmutableMap<String, Body> functions,
      ImmutableListMultimap<String, Place> callers) {
    this.main = main;
    this.functions = functions;
    this.callers = callers;
  }

  static CallGraph of(GraphDef graph) {
    Body main = new Body("", ImmutableList.of(), byName(graph.getNodeList()));
    Map<String, Body> functions = new LinkedHashMap<>();
    for (FunctionDef function : graph.getLibrary().getFunctionList()) {
      String name = function.getSignature().getName();
      List<String> arguments =
          function.getSignature().getInputArgList().stream().map(ArgDef::getName).toList();
      functions.put(
          name, new Body(name, ImmutableList.copyOf(arguments), byName(function.getNodeDefList())));
    }
    ImmutableListMultimap.Builder<String, Place> callers = ImmutableListMultimap.builder();
    Stream.concat(Stream.of(main), functions.values().stream())
        .forEach(
            body ->
                body.nodes()
                    .values()
                    .forEach(
                        node ->
                            mentioned(node)
                                .filter(functions::containsKey)
                                .forEach(name -> callers.put(name, new Place(body, node)))));
    return new CallGraph(main, ImmutableMap.copyOf(functions), callers.build());
  }

  /** Whether an operation type is a function of the library. */
  boolean isFunction(String name) {
    return functions.containsKey(name);
  }

  /** Every operation of the graph and of all functions. */
  ImmutableList<Place> everything() {
    return Stream.concat(Stream.of(main), functions.values().stream())
        .flatMap(body -> body.nodes().values().stream().map(node -> new Place(body, node)))
        .collect(ImmutableList.toImmutableList());
  }

  /**
   * What runs when these run.
   *
   * @param tensors names in the main graph, with or without {@code :0}
   * @param called names of functions
   */
  ImmutableSet<Place> reached(Collection<String> tensors, Collection<String> called) {
    Set<Place> reached = new HashSet<>();
    Set<String> entered = new HashSet<>();
    Deque<Place> open = new ArrayDeque<>();
    tensors.forEach(tensor -> add(main, tensor, open));
    called.forEach(function -> enter(function, entered, open));
    while (!open.isEmpty()) {
      Place place = open.pop();
      if (reached.add(place)) {
        place.node().getInputList().forEach(input -> add(place.body(), input, open));
        mentioned(place.node()).forEach(function -> enter(function, entered, open));
      }
    }
    return ImmutableSet.copyOf(reached);
  }

  /** Whether a tensor is the given one of the main graph, handed on but not changed. */
  boolean isHandedOn(Body body, String tensor, String original) {
    return isHandedOn(body, tensor, original, new HashSet<>());
  }

  private boolean isHandedOn(Body body, String tensor, String original, Set<String> seen) {
    String name = nodeOf(tensor);
    if (!seen.add(body.function() + '/' + name)) {
      return false;
    } else if (body.equals(main) && name.equals(nodeOf(original))) {
      return true;
    }
    @Nullable NodeDef node = body.nodes().get(name);
    if (node != null) {
      return node.getOp().equals("Identity") && isHandedOn(body, node.getInput(0), original, seen);
    }
    int argument = body.arguments().indexOf(name);
    List<Place> calls = callers.get(body.function());
    return argument >= 0
        && !calls.isEmpty()
        && calls.stream()
            .allMatch(
                call ->
                    (CALLS.contains(call.node().getOp()) || isFunction(call.node().getOp()))
                        && argument < call.node().getInputCount()
                        && isHandedOn(call.body(), call.node().getInput(argument), original, seen));
  }

  private void enter(String function, Set<String> entered, Deque<Place> open) {
    @Nullable Body body = functions.get(function);
    if (body != null && entered.add(function)) {
      body.nodes().values().forEach(node -> open.push(new Place(body, node)));
    }
  }

  private static void add(Body body, String tensor, Deque<Place> open) {
    @Nullable NodeDef node = body.nodes().get(nodeOf(tensor));
    if (node != null) {
      open.push(new Place(body, node));
    }
  }

  /** Functions that an operation calls: by its type, or by an attribute. */
  private static Stream<String> mentioned(NodeDef node) {
    return Stream.concat(
        Stream.of(node.getOp()),
        node.getAttrMap().values().stream().flatMap(CallGraph::functionsOf));
  }

  private static Stream<String> functionsOf(AttrValue value) {
    if (value.hasFunc()) {
      return Stream.concat(
          Stream.of(value.getFunc().getName()),
          value.getFunc().getAttrMap().values().stream().flatMap(CallGraph::functionsOf));
    }
    return value.getList().getFuncList().stream().map(function -> function.getName());
  }

  /** A node's name of {@code ^control}, {@code node:0} or, within functions, {@code node:out:0}. */
  static String nodeOf(String tensor) {
    int from = tensor.startsWith("^") ? 1 : 0;
    int colon = tensor.indexOf(':');
    return tensor.substring(from, colon < 0 ? tensor.length() : colon);
  }

  private static ImmutableMap<String, NodeDef> byName(List<NodeDef> nodes) {
    return nodes.stream().map(NodeDef::getName).collect(toImmutableSet()).size() == nodes.size()
        ? Maps.uniqueIndex(nodes, NodeDef::getName)
        : nodes.stream()
            .collect(ImmutableMap.toImmutableMap(NodeDef::getName, node -> node, (a, b) -> b));
  }
}
