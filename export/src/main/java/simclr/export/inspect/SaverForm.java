package simclr.export.inspect;

import com.google.common.collect.ImmutableSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;
import simclr.export.inspect.CallGraph.Body;
import simclr.export.inspect.CallGraph.Place;

/**
 * The operations that save and restore a model's own variables, in the form in which TensorFlow
 * writes them: what {@code saver_def} names, in the main graph or in one function that it calls,
 * with a file name that is the saver's own argument, or that with {@code _temp/part} and a number
 * of a shard behind it. No signature and no initialisation runs any of them, and nothing is saved
 * while restoring.
 */
final class SaverForm {
  private static final String RESTORE = "RestoreV2";
  private static final ImmutableSet<String> OPERATIONS =
      ImmutableSet.of(
          "SaveV2",
          RESTORE,
          "MergeV2Checkpoints",
          "ShardedFilename",
          "StringJoin",
          "StaticRegexFullMatch");
  private static final ImmutableSet<String> CALLS =
      ImmutableSet.of("StatefulPartitionedCall", "PartitionedCall");
  private static final ImmutableSet<String> PLACEHOLDERS =
      ImmutableSet.of("Placeholder", "PlaceholderWithDefault");
  private static final ImmutableSet<String> ENTRY_COLLECTIONS =
      ImmutableSet.of(
          "saved_model_main_op",
          "legacy_init_op",
          "saved_model_train_op",
          "init_op",
          "local_init_op",
          "ready_op",
          "summary_op",
          "train_op");

  /** What TensorFlow puts behind the name of a checkpoint while it is being written. */
  private static final Pattern SUFFIX = Pattern.compile("\\.part|_temp(_[0-9a-f]{32})?/part");

  /** Hops from a tensor to what it is a copy of. */
  private static final int MOST_HOPS = 10;

  private final CallGraph calls;
  private final SaverDef saver;
  private final Set<String> runOtherwise = new HashSet<>();
  private final Set<String> runOnRestoring = new HashSet<>();
  private final ImmutableSet<String> callable;

  private SaverForm(MetaGraphDef graph, CallGraph calls) {
    this.calls = calls;
    this.saver = graph.getSaverDef();
    calls.needed(entries(graph)).forEach(node -> runOtherwise.add(node.getName()));
    calls
        .needed(List.of(saver.getRestoreOpName()))
        .forEach(node -> runOnRestoring.add(node.getName()));
    this.callable = callable(graph);
  }

  static SaverForm of(MetaGraphDef graph, CallGraph calls) {
    return new SaverForm(graph, calls);
  }

  /** Whether an operation is a part of the saver. */
  boolean accepts(Place place) {
    if (!OPERATIONS.contains(place.node().getOp())) {
      return false;
    }
    Optional<Place> entry = entry(place);
    if (entry.isEmpty()) {
      return false;
    }
    String outer = entry.get().node().getName();
    boolean restores = place.node().getOp().equals(RESTORE);
    return !runOtherwise.contains(outer)
        && (restores || !runOnRestoring.contains(outer))
        && hasTheForm(place);
  }

  /** The node of the main graph that runs an operation: itself, or the saver's call. */
  private Optional<Place> entry(Place place) {
    if (place.body().isMain()) {
      return Optional.of(place);
    }
    String function = place.body().function();
    List<Place> mentions = calls.mentions(function);
    if (mentions.size() != 1 || callable.contains(function)) {
      return Optional.empty();
    }
    Place call = mentions.get(0);
    String name = call.node().getName();
    boolean named =
        name.equals(CallGraph.nodeOf(saver.getSaveTensorName()))
            || name.equals(CallGraph.nodeOf(saver.getRestoreOpName()));
    boolean calls =
        CALLS.contains(call.node().getOp())
            && call.node()
                .getAttrOrDefault("f", AttrValue.getDefaultInstance())
                .getFunc()
                .getName()
                .equals(function);
    return call.body().isMain() && named && calls ? Optional.of(call) : Optional.empty();
  }

  private boolean hasTheForm(Place place) {
    Body body = place.body();
    NodeDef node = place.node();
    return switch (node.getOp()) {
      case RESTORE, "StaticRegexFullMatch" -> isFileName(body, input(node, 0));
      case "SaveV2" -> isFileName(body, input(node, 0)) || isShard(body, input(node, 0));
      case "ShardedFilename" -> isShard(body, node.getName());
      case "StringJoin" -> isPrefix(body, node.getName());
      case "MergeV2Checkpoints" -> {
        @Nullable NodeDef pack = resolve(body, input(node, 0));
        yield pack != null
            && pack.getOp().equals("Pack")
            && pack.getInputList().stream()
                .filter(input -> !input.startsWith("^"))
                .allMatch(input -> isShard(body, input))
            && isFileName(body, input(node, 1));
      }
      default -> false;
    };
  }

  /** {@code ShardedFilename(prefix, number, count)}. */
  private boolean isShard(Body body, String tensor) {
    @Nullable NodeDef node = resolve(body, tensor);
    return node != null && node.getOp().equals("ShardedFilename") && isPrefix(body, input(node, 0));
  }

  /** {@code StringJoin(file name, suffix)}. */
  private boolean isPrefix(Body body, String tensor) {
    @Nullable NodeDef node = resolve(body, tensor);
    return node != null
        && node.getOp().equals("StringJoin")
        && node.getInputCount() >= 2
        && node.getInputList().stream().skip(2).allMatch(input -> input.startsWith("^"))
        && node.getAttrOrDefault("separator", AttrValue.getDefaultInstance()).getS().isEmpty()
        && isFileName(body, node.getInput(0))
        && isSuffix(body, node.getInput(1));
  }

  private boolean isSuffix(Body body, String tensor) {
    @Nullable NodeDef node = resolve(body, tensor);
    if (node == null) {
      return false;
    }
    if (node.getOp().equals("Select") || node.getOp().equals("SelectV2")) {
      return isConstantSuffix(resolve(body, input(node, 1)))
          && isConstantSuffix(resolve(body, input(node, 2)));
    }
    return isConstantSuffix(node);
  }

  private static boolean isConstantSuffix(@Nullable NodeDef node) {
    if (node == null || !node.getOp().equals("Const")) {
      return false;
    }
    TensorProto value = node.getAttrOrDefault("value", AttrValue.getDefaultInstance()).getTensor();
    return value.getStringValCount() == 1
        && SUFFIX.matcher(value.getStringVal(0).toStringUtf8()).matches();
  }

  /** Whether a tensor is the saver's file name, handed on but not changed. */
  private boolean isFileName(Body body, String tensor) {
    String fed = CallGraph.nodeOf(saver.getFilenameTensorName());
    @Nullable NodeDef node = resolve(body, tensor);
    if (body.isMain()) {
      return node != null && node.getName().equals(fed) && PLACEHOLDERS.contains(node.getOp());
    }
    int argument = body.arguments().indexOf(source(body, tensor));
    if (node != null || argument < 0) {
      return false;
    }
    return calls.mentions(body.function()).stream()
        .allMatch(
            call ->
                argument < call.node().getInputCount()
                    && isFileName(calls.main(), call.node().getInput(argument)));
  }

  private static @Nullable NodeDef resolve(Body body, String tensor) {
    return body.maker(source(body, tensor));
  }

  /** The name of the node or the argument that a tensor is a copy of. */
  private static String source(Body body, String tensor) {
    String name = tensor;
    for (int hop = 0; hop < MOST_HOPS; hop++) {
      @Nullable NodeDef node = body.maker(name);
      if (node == null || !node.getOp().equals("Identity") || node.getInputCount() == 0) {
        break;
      }
      name = node.getInput(0);
    }
    return CallGraph.nodeOf(name);
  }

  private static String input(NodeDef node, int index) {
    return index < node.getInputCount() ? node.getInput(index) : "";
  }

  /** What runs when the model is loaded, or when a signature is called. */
  private static List<String> entries(MetaGraphDef graph) {
    List<String> tensors = new ArrayList<>();
    for (SignatureDef signature : graph.getSignatureDefMap().values()) {
      signature.getOutputsMap().values().forEach(tensor -> tensors.addAll(names(tensor)));
    }
    graph
        .getCollectionDefMap()
        .forEach(
            (key, collection) -> {
              if (ENTRY_COLLECTIONS.contains(key)) {
                tensors.addAll(collection.getNodeList().getValueList());
              }
            });
    return tensors;
  }

  private static List<String> names(TensorInfo tensor) {
    List<String> names = new ArrayList<>();
    names.add(tensor.getName());
    TensorInfo.CooSparse sparse = tensor.getCooSparse();
    names.add(sparse.getValuesTensorName());
    names.add(sparse.getIndicesTensorName());
    names.add(sparse.getDenseShapeTensorName());
    tensor
        .getCompositeTensor()
        .getComponentsList()
        .forEach(component -> names.add(component.getName()));
    return names;
  }

  /** Functions that Python can call once the model is loaded. */
  private static ImmutableSet<String> callable(MetaGraphDef graph) {
    ImmutableSet.Builder<String> functions = ImmutableSet.builder();
    functions.addAll(graph.getObjectGraphDef().getConcreteFunctionsMap().keySet());
    for (SavedObject object : graph.getObjectGraphDef().getNodesList()) {
      functions.add(object.getBareConcreteFunction().getConcreteFunctionName());
      functions.addAll(object.getFunction().getConcreteFunctionsList());
    }
    return functions.build();
  }
}
