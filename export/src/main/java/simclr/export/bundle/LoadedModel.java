package simclr.export.bundle;

import static com.google.common.base.Preconditions.checkState;

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
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.inspect.OperationScan;
import simclr.export.weights.LoadablePath;

/**
 * A SavedModel in memory with its signatures. Any number of threads may run it at a time; closing
 * waits for them.
 */
public final class LoadedModel implements AutoCloseable {
  /** The signature that is meant where none is named. */
  public static final String DEFAULT_SIGNATURE = "serving_default";

  /** Names of what is no signature but part of the format. */
  private static final String INTERNAL_PREFIX = "__";

  private final Path directory;
  private final Optional<ExportInfo> info;
  private final SavedModelBundle bundle;
  private final ImmutableSortedMap<String, SignatureDef> signatures;
  private final ReadWriteLock use = new ReentrantReadWriteLock();
  private boolean closed;

  private LoadedModel(Path directory, Optional<ExportInfo> info, SavedModelBundle bundle) {
    this.directory = directory;
    this.info = info;
    this.bundle = bundle;
    ImmutableSortedMap.Builder<String, SignatureDef> named = ImmutableSortedMap.naturalOrder();
    bundle
        .metaGraphDef()
        .getSignatureDefMap()
        .forEach(
            (name, signature) -> {
              if (!name.startsWith(INTERNAL_PREFIX)) {
                named.put(name, signature);
              }
            });
    this.signatures = named.build();
  }

  /**
   * Loads a SavedModel, after a scan of its operations: a SavedModel can run code when it is
   * loaded.
   *
   * @param directory a version's, {@link ExportDirectory#isVersion}
   * @throws UserException if it is missing, damaged, or would do more than compute
   */
  public static LoadedModel open(Path directory) {
    Path graph = directory.resolve(ExportDirectory.SAVED_MODEL);
    if (!Files.exists(graph)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is missing, expected a SavedModel", graph);
    }
    OperationScan.of(directory).requireHarmless();
    Optional<ExportInfo> info = Manifest.read(directory);
    SavedModelBundle bundle = load(directory);
    try {
      requireVariables(directory, bundle);
      return new LoadedModel(directory, info, bundle);
    } catch (UserException e) {
      bundle.close();
      throw e;
    }
  }

  private static SavedModelBundle load(Path directory) {
    try (LoadablePath loadable = LoadablePath.of(directory)) {
      return SavedModelBundle.load(loadable.path().toString(), "serve");
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
  }

  /** Without that file TensorFlow loads the graph and leaves its variables empty. */
  private static void requireVariables(Path directory, SavedModelBundle bundle) {
    Path index = directory.resolve("variables").resolve("variables.index");
    boolean restores = !bundle.metaGraphDef().getSaverDef().getRestoreOpName().isEmpty();
    if (restores && !Files.exists(index)) {
      throw new UserException(ExitCode.DATA, "%s is missing, expected a whole SavedModel", index);
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
          "%s has no signature %s, expected one of %s",
          directory,
          name,
          String.join(", ", signatures.keySet()));
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
    return floats(run(signature, inputs, List.of(output)), output);
  }

  /** One output of float32 of {@link #runTensors}. */
  public HostTensor.Floats floatsOfTensors(
      String signature, Map<String, ? extends TType> inputs, String output) {
    return floats(runTensors(signature, inputs, List.of(output)), output);
  }

  /** The same on native tensors, which stay the caller's. */
  public ImmutableMap<String, HostTensor> runTensors(
      String signature, Map<String, ? extends TType> inputs, Collection<String> outputs) {
    SignatureDef definition = signature(signature);
    List<String> names = new ArrayList<>(outputs);
    use.readLock().lock();
    try {
      checkState(!closed, "%s was closed", directory);
      Session.Runner runner = bundle.session().runner();
      inputs.forEach(
          (name, tensor) -> runner.feed(place(definition.getInputsOrThrow(name)), tensor));
      names.forEach(name -> runner.fetch(place(definition.getOutputsOrThrow(name))));
      try (Result result = runner.run()) {
        ImmutableMap.Builder<String, HostTensor> values = ImmutableMap.builder();
        for (int i = 0; i < names.size(); i++) {
          values.put(names.get(i), HostTensor.of(result.get(i)));
        }
        return values.buildOrThrow();
      } catch (RuntimeException e) {
        throw ModelFailure.of(e);
      }
    } finally {
      use.readLock().unlock();
    }
  }

  /** Waits for those who run it. */
  @Override
  public void close() {
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        bundle.close();
      }
    } finally {
      use.writeLock().unlock();
    }
  }

  private HostTensor.Floats floats(Map<String, HostTensor> outputs, String name) {
    if (outputs.get(name) instanceof HostTensor.Floats floats) {
      return floats;
    }
    throw new UserException(
        ExitCode.DATA, "%s: output %s holds no numbers, expected float32", directory, name);
  }

  private static String place(TensorInfo tensor) {
    return tensor.getName();
  }
}
