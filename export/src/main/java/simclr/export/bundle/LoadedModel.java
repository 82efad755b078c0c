package simclr.export.bundle;

import static com.google.common.base.Preconditions.checkState;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.family.TType;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.inspect.OperationScan;
import simclr.export.weights.SavedModelFile;

/**
 * A SavedModel in memory with its signatures. Any number of threads may run it at a time; closing
 * waits for them.
 */
public final class LoadedModel implements AutoCloseable {
  /** The signature that is meant where none is named. */
  public static final String DEFAULT_SIGNATURE = "serving_default";

  /** Names of what is not a signature but part of the format. */
  private static final String INTERNAL_PREFIX = "__";

  /** The tag of the graph that is loaded. */
  private static final String SERVE = "serve";

  private final Path directory;
  private final Optional<ExportInfo> info;
  private final SessionGraph graph;
  private final TimeLimits limits;
  private final ImmutableSortedMap<String, SignatureDef> signatures;
  private final ReadWriteLock use = new ReentrantReadWriteLock();
  private final AtomicBoolean abandoned = new AtomicBoolean();
  private boolean closed;

  private LoadedModel(
      Path directory,
      Optional<ExportInfo> info,
      SessionGraph graph,
      TimeLimits limits,
      ImmutableSortedMap<String, SignatureDef> signatures) {
    this.directory = directory;
    this.info = info;
    this.graph = graph;
    this.limits = limits;
    this.signatures = signatures;
  }

  /** The same within {@link TimeLimits#DEFAULT}. */
  public static LoadedModel open(Path directory) {
    return open(directory, TimeLimits.DEFAULT);
  }

  /**
   * Loads a SavedModel, after a scan of its operations: a SavedModel can run code when it is
   * loaded. What was scanned is what is loaded, whatever becomes of the file meanwhile.
   *
   * @param directory a version's, {@link ExportDirectory#isVersion}
   * @throws UserException if it is missing, damaged, would do more than compute, or takes longer
   *     than it may
   */
  public static LoadedModel open(Path directory, TimeLimits limits) {
    Path file = directory.resolve(ExportDirectory.SAVED_MODEL);
    if (!Files.exists(file)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is missing, expected a SavedModel", file);
    }
    SavedModel model = OperationScan.requireHarmless(directory);
    Optional<ExportInfo> info = Manifest.read(directory);
    MetaGraphDef meta = served(directory, model);
    requireNodes(directory, meta);
    requireVariables(directory, meta);
    AtomicBoolean tooLate = new AtomicBoolean();
    return TimeLimits.within(
        limits.load(),
        () -> {
          LoadedModel loaded = load(directory, info, meta, limits);
          if (tooLate.get()) {
            loaded.close();
          }
          return loaded;
        },
        running -> {
          tooLate.set(true);
          return late(directory, limits);
        });
  }

  /** The graph for serving; a SavedModel may hold others, for training. */
  private static MetaGraphDef served(Path directory, SavedModel model) {
    return model.getMetaGraphsList().stream()
        .filter(meta -> meta.getMetaInfoDef().getTagsList().equals(List.of(SERVE)))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    ExitCode.DATA,
                    "%s cannot be loaded (its graphs have the tags %s), expected a whole SavedModel"
                        + " with the tag %s",
                    directory,
                    Quoted.of(
                        model.getMetaGraphsList().stream()
                            .map(meta -> meta.getMetaInfoDef().getTagsList().toString())
                            .collect(joining(", "))),
                    SERVE));
  }

  private static LoadedModel load(
      Path directory, Optional<ExportInfo> info, MetaGraphDef meta, TimeLimits limits) {
    ImmutableSortedMap.Builder<String, SignatureDef> named = ImmutableSortedMap.naturalOrder();
    meta.getSignatureDefMap()
        .forEach(
            (name, signature) -> {
              if (!name.startsWith(INTERNAL_PREFIX)) {
                named.put(name, signature);
              }
            });
    ImmutableSortedMap<String, SignatureDef> signatures = named.build();
    SessionGraph graph;
    try {
      graph = SessionGraph.load(directory, meta, TimeLimits.options(limits.load()));
    } catch (RuntimeException e) {
      if (ModelFailure.of(e) instanceof ModelFailure failure) {
        throw new UserException(
            ExitCode.DATA,
            "%s cannot be loaded (%s), expected a whole SavedModel with the tag serve",
            directory,
            failure.sentence());
      }
      throw e;
    }
    try {
      signatures.forEach(graph::requireTensors);
    } catch (UserException e) {
      graph.close();
      throw e;
    }
    return new LoadedModel(directory, info, graph, limits, signatures);
  }

  private static UserException late(Path directory, TimeLimits limits) {
    return new UserException(
        ExitCode.DATA,
        "%s is not loaded after %s seconds, expected a model that loads within"
            + " --load_timeout_seconds",
        directory,
        limits.load().toSeconds());
  }

  /** TensorFlow ends the process where it is to import a graph of nothing. */
  private static void requireNodes(Path directory, MetaGraphDef meta) {
    if (meta.getGraphDef().getNodeCount() == 0) {
      throw new UserException(
          ExitCode.DATA,
          "%s cannot be loaded (its graph has no nodes), expected a whole SavedModel",
          directory);
    }
  }

  /** Without them TensorFlow would load the graph and leave its variables empty. */
  private static void requireVariables(Path directory, MetaGraphDef meta) {
    if (!meta.getSaverDef().getRestoreOpName().isEmpty()) {
      Path prefix = SavedModelFile.variables(directory);
      Path index = prefix.resolveSibling(prefix.getFileName() + ".index");
      if (!Files.exists(index)) {
        throw new UserException(ExitCode.DATA, "%s is missing, expected a whole SavedModel", index);
      }
    }
  }

  public Path directory() {
    return directory;
  }

  /** What the export says of itself; empty in SavedModels of other programs. */
  public Optional<ExportInfo> info() {
    return info;
  }

  /**
   * The same of an export of this program.
   *
   * @throws UserException (data) if there is none
   */
  public ExportInfo requiredInfo() {
    return info()
        .orElseThrow(
            () ->
                new UserException(
                    ExitCode.DATA,
                    "%s is missing, expected an export of this program",
                    Manifest.file(directory)));
  }

  /** All signatures by name. */
  public ImmutableSortedMap<String, SignatureDef> signatures() {
    return signatures;
  }

  /**
   * A signature.
   *
   * @throws UserException (data) that lists those there are
   */
  public SignatureDef signature(String name) {
    SignatureDef signature = signatures.get(name);
    if (signature == null) {
      throw new UserException(
          ExitCode.DATA,
          "%s has no signature %s, expected it%s",
          directory,
          Quoted.of(name),
          signatures.isEmpty()
              ? ""
              : " or one of " + Quoted.of(String.join(", ", signatures.keySet())));
    }
    return signature;
  }

  /**
   * Runs a signature.
   *
   * @param signature its name
   * @param inputs parts of each input's batch, by name
   * @param outputs the names of those wanted
   * @return the outputs in that order
   * @throws ModelFailure if TensorFlow cannot compute it
   * @throws IllegalStateException after {@link #close}
   */
  public ImmutableMap<String, HostTensor> run(
      String signature,
      Map<String, ? extends List<? extends HostTensor>> inputs,
      Collection<String> outputs) {
    Map<String, TType> tensors = new LinkedHashMap<>();
    try {
      inputs.forEach((name, parts) -> tensors.put(name, HostTensor.tensor(parts)));
      return runTensors(signature, tensors, outputs);
    } finally {
      tensors.values().forEach(TType::close);
    }
  }

  /** One output of float32 of {@link #run}. */
  public HostTensor.Floats floats(
      String signature, Map<String, ? extends List<? extends HostTensor>> inputs, String output) {
    int rows =
        inputs.values().stream()
            .mapToInt(parts -> parts.stream().mapToInt(HostTensor::rows).sum())
            .findFirst()
            .orElse(0);
    return floats(run(signature, inputs, List.of(output)), output, rows);
  }

  /**
   * One output of float32 of {@link #runTensors}.
   *
   * @throws UserException (data) if the model fails
   */
  public HostTensor.Floats floatsOfTensors(
      String signature, Map<String, ? extends TType> inputs, String output) {
    long rows =
        inputs.values().stream().mapToLong(input -> input.shape().get(0)).findFirst().orElse(0);
    try {
      return floats(runTensors(signature, inputs, List.of(output)), output, rows);
    } catch (ModelFailure e) {
      throw failed(signature, e);
    }
  }

  /** A failure as the sentence of a command that has images and no other choice of inputs. */
  public RuntimeException failed(String signature, ModelFailure failure) {
    return failure.reason() == ModelFailure.Reason.MEMORY
        ? failure
        : new UserException(
            ExitCode.DATA,
            "%s: signature %s fails (%s), expected a model that computes what it is given",
            directory,
            Quoted.of(signature),
            Quoted.of(failure.sentence()));
  }

  /** The same on native tensors, which stay the caller's. */
  public ImmutableMap<String, HostTensor> runTensors(
      String signature, Map<String, ? extends TType> inputs, Collection<String> outputs) {
    SignatureDef definition = signature(signature);
    List<String> names = new ArrayList<>(outputs);
    use.readLock().lock();
    try {
      checkState(!closed, "%s was closed", directory);
      return TimeLimits.within(
          limits.run(),
          () -> compute(definition, inputs, names),
          running -> {
            abandoned.compareAndSet(false, running);
            return lateRun(signature);
          });
    } finally {
      use.readLock().unlock();
    }
  }

  private ImmutableMap<String, HostTensor> compute(
      SignatureDef signature, Map<String, ? extends TType> inputs, List<String> outputs) {
    Session.Runner runner = graph.session().runner();
    if (!limits.run().isZero()) {
      runner.setOptions(TimeLimits.options(limits.run()));
    }
    inputs.forEach((name, tensor) -> runner.feed(place(signature.getInputsOrThrow(name)), tensor));
    outputs.forEach(name -> runner.fetch(place(signature.getOutputsOrThrow(name))));
    try (Result result = runner.run()) {
      ImmutableMap.Builder<String, HostTensor> values = ImmutableMap.builder();
      for (int i = 0; i < outputs.size(); i++) {
        values.put(outputs.get(i), HostTensor.of(result.get(i)));
      }
      return values.buildOrThrow();
    } catch (RuntimeException e) {
      throw ModelFailure.of(e);
    }
  }

  private UserException lateRun(String signature) {
    return new UserException(
        ExitCode.DATA,
        "%s: signature %s has not answered after %s seconds, expected an answer within"
            + " --run_timeout_seconds",
        directory,
        Quoted.of(signature),
        limits.run().toSeconds());
  }

  /** Waits for those who run it. */
  @Override
  public void close() {
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        // What TensorFlow is still computing with cannot be freed.
        if (!abandoned.get()) {
          graph.close();
        }
      }
    } finally {
      use.writeLock().unlock();
    }
  }

  private HostTensor.Floats floats(Map<String, HostTensor> outputs, String name, long rows) {
    if (outputs.get(name) instanceof HostTensor.Floats floats) {
      if (floats.shape().numDimensions() != 2 || floats.shape().get(0) != rows) {
        throw new UserException(
            ExitCode.DATA,
            "%s: output %s has the shape %s, expected (%s, features): a row for each input",
            directory,
            name,
            floats.shape(),
            rows);
      }
      return floats;
    }
    throw new UserException(
        ExitCode.DATA, "%s: output %s holds no numbers, expected float32", directory, name);
  }

  private static String place(TensorInfo tensor) {
    return tensor.getName();
  }
}
