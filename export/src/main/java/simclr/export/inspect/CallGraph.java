package simclr.export.inspect;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.math.LongMath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef.ArgDef;

/** The main graph, its library of functions, and who mentions which of them. */
final class CallGraph {
  /** The main graph or a function; each is itself and equal to no other. */
  static final class Body {
    private final String function;
    private final ImmutableList<String> arguments;
    private final ImmutableList<NodeDef> nodes;
    private final ImmutableMap<String, NodeDef> byName;

    private Body(String function, List<String> arguments, List<NodeDef> nodes) {
      this.function = function;
      this.arguments = ImmutableList.copyOf(arguments);
      this.nodes = ImmutableList.copyOf(nodes);
      ImmutableMap.Builder<String, NodeDef> named = ImmutableMap.builder();
      nodes.forEach(node -> named.put(node.getName(), node));
      this.byName = named.buildKeepingLast();
    }

    /** Its name; empty for the main graph. */
    String function() {
      return function;
    }

    boolean isMain() {
      return function.isEmpty();
    }

    /** Names of a function's arguments, in order. */
    ImmutableList<String> arguments() {
      return arguments;
    }

    ImmutableList<NodeDef> nodes() {
      return nodes;
    }

    /** The node that makes a tensor; null if that is an argument, or not there. */
    @Nullable NodeDef maker(String tensor) {
      return byName.get(nodeOf(tensor));
    }

    /** Names that more than one node has. */
    ImmutableSet<String> repeatedNames() {
      Set<String> seen = new HashSet<>(arguments);
      return nodes.stream()
          .map(NodeDef::getName)
          .filter(name -> !seen.add(name))
          .collect(ImmutableSet.toImmutableSet());
    }
  }

  /** An operation and the body it stands in. */
  record Place(Body body, NodeDef node) {}

  /**
   * What a body becomes once every call in it is replaced by what it calls, as TensorFlow does.
   *
   * @param operations how many, or Long.MAX_VALUE
   * @param depth of calls within calls
   */
  private record Unfolded(long operations, int depth) {}

  private final Body main;
  private final ImmutableMap<String, Body> functions;
  private final ImmutableListMultimap<String, Place> mentions;

  private CallGraph(Body main, ImmutableMap<String, Body> functions) {
    this.main = main;
    this.functions = functions;
    ImmutableListMultimap.Builder<String, Place> mentions = ImmutableListMultimap.builder();
    bodies()
        .forEach(
            body ->
                body.nodes()
                    .forEach(
                        node ->
                            mentioned(node)
                                .forEach(name -> mentions.put(name, new Place(body, node)))));
    this.mentions = mentions.build();
  }

  static CallGraph of(GraphDef graph) {
    Map<String, Body> functions = new LinkedHashMap<>();
    for (FunctionDef function : graph.getLibrary().getFunctionList()) {
      String name = function.getSignature().getName();
      List<String> arguments =
          function.getSignature().getInputArgList().stream().map(ArgDef::getName).toList();
      functions.put(name, new Body(name, arguments, function.getNodeDefList()));
    }
    return new CallGraph(
        new Body("", ImmutableList.of(), graph.getNodeList()), ImmutableMap.copyOf(functions));
  }

  Body main() {
    return main;
  }

  /** Whether the library has such a function. */
  boolean isFunction(String name) {
    return functions.containsKey(name);
  }

  /** The main graph and all functions, called or not. */
  Stream<Body> bodies() {
    return Stream.concat(Stream.of(main), functions.values().stream());
  }

  /** Operations that mention a function: by their type, or anywhere in an attribute. */
  ImmutableList<Place> mentions(String function) {
    return mentions.get(function);
  }

  /**
   * Nodes of the main graph that run when these run.
   *
   * @param tensors names with or without {@code :0}
   */
  ImmutableSet<NodeDef> needed(Collection<String> tensors) {
    Set<String> names = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(tensors);
    ImmutableSet.Builder<NodeDef> needed = ImmutableSet.builder();
    while (!open.isEmpty()) {
      @Nullable NodeDef node = main.maker(open.pop());
      if (node != null && names.add(node.getName())) {
        needed.add(node);
        node.getInputList().forEach(open::push);
      }
    }
    return needed.build();
  }

  /**
   * What makes the calls boundless: a function that calls itself, by however many others, calls
   * nested too deeply, or calls that double and double again.
   *
   * @return half a sentence; empty if there is no such thing
   */
  String boundless(long mostOperations, int mostDepth) {
    Map<String, Unfolded> done = new LinkedHashMap<>();
    Map<String, Set<String>> waitsFor = new LinkedHashMap<>();
    Deque<String> ready = new ArrayDeque<>();
    functions.forEach(
        (name, body) -> {
          Set<String> called = new TreeSet<>();
          body.nodes().stream().flatMap(this::called).forEach(called::add);
          waitsFor.put(name, called);
          if (called.isEmpty()) {
            ready.add(name);
          }
        });
    while (!ready.isEmpty()) {
      String name = ready.pop();
      Unfolded unfolded = unfold(functions.getOrDefault(name, main), done);
      if (unfolded.depth() > mostDepth) {
        return "nests calls of functions more than " + mostDepth + " deep";
      }
      done.put(name, unfolded);
      for (Place caller : mentions(name)) {
        Set<String> waiting = waitsFor.getOrDefault(caller.body().function(), new TreeSet<>());
        if (waiting.remove(name) && waiting.isEmpty()) {
          ready.add(caller.body().function());
        }
      }
    }
    if (done.size() < functions.size()) {
      return "calls itself, directly or by others";
    }
    return unfold(main, done).operations() > mostOperations
        ? "calls functions that call functions, more than " + mostOperations + " operations in all"
        : "";
  }

  private Unfolded unfold(Body body, Map<String, Unfolded> done) {
    long operations = body.nodes().size();
    int depth = 0;
    for (NodeDef node : body.nodes()) {
      for (String name : called(node).toList()) {
        Unfolded callee = done.getOrDefault(name, new Unfolded(0, 0));
        operations = LongMath.saturatedAdd(operations, callee.operations());
        depth = Math.max(depth, callee.depth());
      }
    }
    return new Unfolded(operations, depth + 1);
  }

  private Stream<String> called(NodeDef node) {
    return mentioned(node).filter(functions::containsKey);
  }

  private static Stream<String> mentioned(NodeDef node) {
    List<String> names = new ArrayList<>();
    names.add(node.getOp());
    node.getAttrMap().values().forEach(value -> mentioned(value, names));
    return names.stream();
  }

  private static void mentioned(AttrValue value, List<String> names) {
    // The list is empty in a value that is none.
    Stream.concat(
            value.hasFunc() ? Stream.of(value.getFunc()) : Stream.empty(),
            value.getList().getFuncList().stream())
        .forEach(
            function -> {
              names.add(function.getName());
              function.getAttrMap().values().forEach(inner -> mentioned(inner, names));
            });
  }

  /** A node's name of {@code ^control}, {@code node:0} or, within functions, {@code node:out:0}. */
  static String nodeOf(String tensor) {
    int from = tensor.startsWith("^") ? 1 : 0;
    int colon = tensor.indexOf(':');
    return tensor.substring(from, colon < 0 ? tensor.length() : colon);
  }
}
