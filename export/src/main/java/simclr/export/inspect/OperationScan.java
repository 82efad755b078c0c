package simclr.export.inspect;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RegisteredGradient;
import org.tensorflow.proto.SavedModel;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.inspect.CallGraph.Body;
import simclr.export.inspect.CallGraph.Place;
import simclr.export.inspect.Finding.Effect;
import simclr.export.weights.SavedModelFile;

/**
 * The operations of a SavedModel that touch files, other code or the network. Loading a SavedModel
 * runs parts of it, so everything here that loads one scans it first.
 *
 * <p>Every operation of every graph and of every function is looked at, reached or not, with its
 * attributes; only what is known to be harmless passes. A SavedModel must save and restore its own
 * variables; the operations for that pass in the form in which TensorFlow writes them.
 */
public final class OperationScan {
  private static final int NAMED = 3;

  /** Calls within calls; the deepest model known here, the reference's ResNet, has 5. */
  private static final int MOST_DEPTH = 100;

  /** Once all calls are unfolded; a ResNet-152 has some ten thousand. */
  private static final long MOST_OPERATIONS = 5_000_000;

  private final Path directory;
  private final ImmutableList<Finding> findings;

  private OperationScan(Path directory, ImmutableList<Finding> findings) {
    this.directory = directory;
    this.findings = findings;
  }

  /**
   * Scans a SavedModel or a hub module without executing it.
   *
   * @throws UserException NO_INPUT if the directory holds none, DATA if it is corrupt or truncated
   */
  public static OperationScan of(Path savedModelDir) {
    return of(savedModelDir, SavedModelFile.read(savedModelDir));
  }

  /**
   * The one gate before a foreign model is loaded: reads it, scans it and returns what was scanned.
   * The caller loads that, not the file, which another process may have changed since.
   *
   * @throws UserException NO_INPUT if the directory holds none, DATA if it is broken or would do
   *     more than compute, naming the first findings
   */
  public static SavedModel requireHarmless(Path savedModelDir) {
    SavedModel model = SavedModelFile.read(savedModelDir);
    of(savedModelDir, model).requireHarmless();
    return model;
  }

  static OperationScan of(Path directory, SavedModel model) {
    OperationRules rules = OperationRules.ofThisTensorFlow();
    ImmutableList.Builder<Finding> findings = ImmutableList.builder();
    for (MetaGraphDef graph : model.getMetaGraphsList()) {
      findings.addAll(operations(graph, rules));
      findings.addAll(assets(graph));
    }
    return new OperationScan(directory, findings.build());
  }

  public List<Finding> findings() {
    return findings;
  }

  void requireHarmless() {
    if (!findings.isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s is not loaded: %s%s; expected a model that only computes",
          directory,
          findings.stream().limit(NAMED).map(Finding::toString).collect(joining("; ")),
          findings.size() > NAMED ? "; and " + (findings.size() - NAMED) + " more" : "");
    }
  }

  private static List<Finding> operations(MetaGraphDef graph, OperationRules rules) {
    CallGraph calls = CallGraph.of(graph.getGraphDef());
    AttributeRules attributes = new AttributeRules(calls);
    SaverForm saver = SaverForm.of(graph, calls);
    List<Finding> findings = new ArrayList<>(functions(graph, rules, attributes));
    calls
        .bodies()
        .forEach(
            body -> {
              body.repeatedNames()
                  .forEach(
                      name ->
                          findings.add(
                              unknown("node", name, where(graph, body), "is there twice")));
              body.nodes()
                  .forEach(
                      node ->
                          findings.addAll(
                              operation(graph, new Place(body, node), rules, attributes, saver)));
            });
    String boundless = calls.boundless(MOST_OPERATIONS, MOST_DEPTH);
    if (!boundless.isEmpty()) {
      findings.add(unknown("function", "of the library", graphName(graph), boundless));
    }
    return findings;
  }

  private static List<Finding> operation(
      MetaGraphDef graph,
      Place place,
      OperationRules rules,
      AttributeRules attributes,
      SaverForm saver) {
    NodeDef node = place.node();
    boolean calls = attributes.isFunction(node.getOp());
    List<Finding> findings = new ArrayList<>();
    if (!calls && !saver.accepts(place)) {
      rules
          .judge(node.getOp())
          .ifPresent(
              bad ->
                  findings.add(
                      new Finding(
                          node.getOp(),
                          node.getName(),
                          where(graph, place.body()),
                          bad.effect(),
                          bad.reason())));
    }
    attributes
        .judge(node, calls ? null : rules.definition(node.getOp()))
        .filter(reason -> findings.isEmpty())
        .ifPresent(
            reason ->
                findings.add(
                    unknown(node.getOp(), node.getName(), where(graph, place.body()), reason)));
    return findings;
  }

  /** What is wrong with functions as such, whatever stands in them. */
  private static List<Finding> functions(
      MetaGraphDef graph, OperationRules rules, AttributeRules attributes) {
    List<Finding> findings = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    FunctionDefLibrary library = graph.getGraphDef().getLibrary();
    for (FunctionDef function : library.getFunctionList()) {
      String name = function.getSignature().getName();
      if (name.isEmpty() || !seen.add(name)) {
        findings.add(unknown("function", name, graphName(graph), "has no name of its own"));
      } else if (rules.definition(name) != null) {
        findings.add(unknown("function", name, graphName(graph), "has the name of an operation"));
      }
      attributes
          .judge(function)
          .ifPresent(reason -> findings.add(unknown("function", name, graphName(graph), reason)));
    }
    Stream.concat(
            library.getGradientList().stream()
                .flatMap(g -> Stream.of(g.getFunctionName(), g.getGradientFunc())),
            library.getRegisteredGradientsList().stream().map(RegisteredGradient::getGradientFunc))
        .filter(name -> !attributes.isFunction(name))
        .forEach(
            name ->
                findings.add(
                    unknown(
                        "gradient", name, graphName(graph), "is not a function in the library")));
    return findings;
  }

  private static Finding unknown(String what, String name, String place, String reason) {
    return new Finding(what, name, place, Effect.UNKNOWN, reason);
  }

  private static ImmutableList<Finding> assets(MetaGraphDef graph) {
    List<String> names = new ArrayList<>();
    graph.getAssetFileDefList().forEach(asset -> names.add(asset.getFilename()));
    graph
        .getCollectionDefMap()
        .values()
        .forEach(
            collection ->
                collection.getAnyList().getValueList().stream()
                    .filter(any -> any.is(AssetFileDef.class))
                    .forEach(any -> names.add(filename(any))));
    return names.stream()
        .filter(OperationScan::leavesTheDirectory)
        .map(
            name ->
                new Finding(
                    "asset",
                    name,
                    graphName(graph),
                    Effect.FILES,
                    "is a file outside of the model's assets"))
        .collect(toImmutableList());
  }

  private static String filename(Any asset) {
    try {
      return asset.unpack(AssetFileDef.class).getFilename();
    } catch (InvalidProtocolBufferException e) {
      return "../unreadable";
    }
  }

  private static boolean leavesTheDirectory(String name) {
    return name.startsWith("/")
        || name.contains("\\")
        || name.indexOf('\0') >= 0
        || Stream.of(name.split("/", -1)).anyMatch(".."::equals);
  }

  private static String where(MetaGraphDef graph, Body body) {
    String function = body.function();
    return function.isEmpty() ? graphName(graph) : "function " + function;
  }

  private static String graphName(MetaGraphDef graph) {
    return "graph " + graph.getMetaInfoDef().getTagsList();
  }
}
