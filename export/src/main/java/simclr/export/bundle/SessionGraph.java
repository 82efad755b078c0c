package simclr.export.bundle;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Session;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.RunOptions;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TString;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.weights.LoadablePath;
import simclr.export.weights.SavedModelFile;

/**
 * A graph with its session, made of a graph that was scanned: what TensorFlow's own loader would do
 * with the file, without reading the file a second time. Nothing else in the directory is looked at
 * but the variables: no other form of the same file, no assets.
 *
 * <p>Variables are restored, then the initialisation that the model names is run.
 */
final class SessionGraph implements AutoCloseable {
  private static final String INIT_SIGNATURE = "__saved_model_init_op";

  /** Where TF1 and older TF2 name the same. */
  private static final List<String> INIT_COLLECTIONS =
      List.of("saved_model_main_op", "legacy_init_op");

  private final Path directory;
  private final Graph graph;
  private final Session session;

  private SessionGraph(Path directory, Graph graph, Session session) {
    this.directory = directory;
    this.graph = graph;
    this.session = session;
  }

  /**
   * Imports, restores and initialises.
   *
   * @param directory of the SavedModel that the graph was read from
   * @param options for each run
   * @throws UserException (data) if the graph names what it does not hold
   */
  @SuppressWarnings("MustBeClosedChecker")
  static SessionGraph load(Path directory, MetaGraphDef meta, RunOptions options) {
    Graph graph = new Graph();
    @Nullable Session session = null;
    try {
      graph.importGraphDef(meta.getGraphDef());
      session = new Session(graph);
      SessionGraph loaded = new SessionGraph(directory, graph, session);
      loaded.restore(meta.getSaverDef(), options);
      loaded.initialise(meta, options);
      return loaded;
    } catch (RuntimeException | Error e) {
      if (session != null) {
        session.close();
      }
      graph.close();
      throw e;
    }
  }

  Session session() {
    return session;
  }

  /**
   * Fails unless every tensor of a signature is there.
   *
   * @throws UserException (data) that names the first that is not
   */
  void requireTensors(String name, SignatureDef signature) {
    requireTensors(name, signature.getInputsMap());
    requireTensors(name, signature.getOutputsMap());
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }

  private void restore(SaverDef saver, RunOptions options) {
    if (saver.getRestoreOpName().isEmpty()) {
      return;
    }
    String what = "saver";
    requireOperation(what, saver.getRestoreOpName());
    requireTensor(what, saver.getFilenameTensorName());
    try (LoadablePath loadable = LoadablePath.of(directory);
        TString prefix = TString.scalarOf(SavedModelFile.variables(loadable.path()).toString())) {
      session
          .runner()
          .feed(saver.getFilenameTensorName(), prefix)
          .addTarget(saver.getRestoreOpName())
          .setOptions(options)
          .run()
          .close();
    }
  }

  private void initialise(MetaGraphDef meta, RunOptions options) {
    String operation = initialisation(meta);
    if (!operation.isEmpty()) {
      requireOperation("initialisation", operation);
      session.runner().addTarget(operation).setOptions(options).run().close();
    }
  }

  /** The name of the operation to run; empty if there is none. */
  private static String initialisation(MetaGraphDef meta) {
    TensorInfo named =
        meta.getSignatureDefOrDefault(INIT_SIGNATURE, SignatureDef.getDefaultInstance())
            .getOutputsOrDefault(INIT_SIGNATURE, TensorInfo.getDefaultInstance());
    if (!named.getName().isEmpty()) {
      String tensor = named.getName();
      int colon = tensor.indexOf(':');
      return colon < 0 ? tensor : tensor.substring(0, colon);
    }
    return INIT_COLLECTIONS.stream()
        .filter(meta::containsCollectionDef)
        .flatMap(key -> meta.getCollectionDefOrThrow(key).getNodeList().getValueList().stream())
        .findFirst()
        .orElse("");
  }

  private void requireTensors(String signature, Map<String, TensorInfo> tensors) {
    tensors
        .values()
        .forEach(tensor -> requireTensor("signature " + Quoted.of(signature), tensor.getName()));
  }

  private void requireTensor(String what, String tensor) {
    int colon = tensor.lastIndexOf(':');
    String operation = colon < 0 ? tensor : tensor.substring(0, colon);
    String output = colon < 0 ? "0" : tensor.substring(colon + 1);
    @Nullable GraphOperation found = operation.isEmpty() ? null : graph.operation(operation);
    if (found == null
        || !output.matches("\\d{1,6}")
        || Integer.parseInt(output) >= found.numOutputs()) {
      throw missing(what, "tensor", tensor);
    }
  }

  private void requireOperation(String what, String operation) {
    if (graph.operation(operation) == null) {
      throw missing(what, "operation", operation);
    }
  }

  private UserException missing(String what, String kind, String name) {
    return new UserException(
        ExitCode.DATA,
        "%s: its %s names the %s \"%s\", which the graph does not hold, expected a whole"
            + " SavedModel",
        directory,
        what,
        kind,
        Quoted.of(name));
  }
}
