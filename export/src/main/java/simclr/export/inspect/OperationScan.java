package simclr.export.inspect;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.inspect.CallGraph.Place;
import simclr.export.inspect.Finding.Effect;
import simclr.export.weights.SavedModelFile;

/**
 * The operations of a SavedModel that touch files, other code or the network. Loading a SavedModel
 * runs parts of it, so everything here that loads one scans it first.
 *
 * <p>Every operation of every graph and function is looked at, reached or not. A SavedModel must
 * save and restore its own variables; the operations for that are let through where only the
 * saver's own entry points reach them, and a restore only if it reads the file that the loader
 * names.
 */
public final class OperationScan {
  private static final int NAMED = 3;
  private static final ImmutableSet<String> SAVING =
      ImmutableSet.of("SaveV2", "MergeV2Checkpoints");
  private static final String RESTORING = "RestoreV2";
  private static final ImmutableList<String> RUN_ON_LOADING =
      ImmutableList.of("saved_model_main_op", "legacy_init_op", "saved_model_train_op");

  private final Path directory;
  private final ImmutableList<Finding> findings;

  private OperationScan(Path directory, ImmutableList<Finding> findings) {
    this.directory = directory;
    this.findings = findings;
  }

  /**
   * Scans a SavedModel or a hub module without executing it.
   *
   * @throws UserException NO_INPUT if the directory holds none, DATA if it is torn
   */
  public static OperationScan of(Path savedModelDir) {
    return of(savedModelDir, SavedModelFile.read(savedModelDir));
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

  /**
   * To be called before a SavedModel is loaded.
   *
   * @throws UserException DATA if there are findings, naming the first
   */
  public void requireHarmless() {
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
    ImmutableSet<Place> saver = partsOfTheSaver(graph, calls);
    List<Finding> findings = new ArrayList<>();
    for (Place place : calls.everything()) {
      NodeDef node = place.node();
      if (!calls.isFunction(node.getOp()) && !saver.contains(place)) {
        Optional<OperationRules.Verdict> verdict = rules.judge(node);
        verdict.ifPresent(
            bad ->
                findings.add(
                    new Finding(
                        node.getOp(),
                        node.getName(),
                        where(graph, place),
                        bad.effect(),
                        bad.reason())));
      }
    }
    return findings;
  }

  /** Save and restore operations that serve the model's own variables and nothing else. */
  private static ImmutableSet<Place> partsOfTheSaver(MetaGraphDef graph, CallGraph calls) {
    SaverDef saver = graph.getSaverDef();
    ImmutableSet<Place> others = calls.reached(tensorsOfUse(graph), functionsOfUse(graph));
    ImmutableSet<Place> restore =
        calls.reached(List.of(saver.getRestoreOpName()), ImmutableList.of());
    ImmutableSet<Place> save =
        calls.reached(List.of(saver.getSaveTensorName()), ImmutableList.of());
    Stream<Place> restoring =
        restore.stream()
            .filter(place -> place.node().getOp().equals(RESTORING))
            .filter(
                place ->
                    calls.isHandedOn(
                        place.body(), place.node().getInput(0), saver.getFilenameTensorName()));
    Stream<Place> saving =
        save.stream()
            .filter(place -> SAVING.contains(place.node().getOp()))
            .filter(place -> !restore.contains(place));
    return Stream.concat(restoring, saving)
        .filter(place -> !others.contains(place))
        .collect(ImmutableSet.toImmutableSet());
  }

  /** What runs when the model is loaded, or when a signature is called. */
  private static List<String> tensorsOfUse(MetaGraphDef graph) {
    List<String> tensors = new ArrayList<>();
    for (SignatureDef signature : graph.getSignatureDefMap().values()) {
      signature.getOutputsMap().values().stream().map(TensorInfo::getName).forEach(tensors::add);
    }
    for (String key : RUN_ON_LOADING) {
      if (graph.containsCollectionDef(key)) {
        tensors.addAll(graph.getCollectionDefOrThrow(key).getNodeList().getValueList());
      }
    }
    return tensors;
  }

  /** What Python can call once the model is loaded. */
  private static List<String> functionsOfUse(MetaGraphDef graph) {
    List<String> functions =
        new ArrayList<>(graph.getObjectGraphDef().getConcreteFunctionsMap().keySet());
    for (SavedObject object : graph.getObjectGraphDef().getNodesList()) {
      functions.add(object.getBareConcreteFunction().getConcreteFunctionName());
      functions.addAll(object.getFunction().getConcreteFunctionsList());
    }
    return functions;
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

  private static String where(MetaGraphDef graph, Place place) {
    String function = place.body().function();
    return function.isEmpty() ? graphName(graph) : "function " + function;
  }

  private static String graphName(MetaGraphDef graph) {
    return "graph " + graph.getMetaInfoDef().getTagsList();
  }
}
