package simclr.export.weights;

import static com.google.common.collect.ImmutableMap.toImmutableMap;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.Architecture;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.KerasNames;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.ObjectPaths;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.model.VariableSpec;

/**
 * A file of weights and the names that it gives them. All kinds are the same format underneath;
 * they differ in how a variable is called.
 */
public final class WeightSource {
  /** TF1's name of the step counter. */
  private static final String TF1_STEP = "global_step";

  /** Before the averaged copy of a TF1 variable's name, in released SimCLRv2 checkpoints. */
  public static final String EMA = "ema_model/";

  /** What was found at a path. */
  public enum Kind {
    TF1_CHECKPOINT("TF1 checkpoint", true),
    TF2_CHECKPOINT("TF2 checkpoint", false),
    SAVED_MODEL("SavedModel", false),
    HUB_MODULE("TF1 hub module", true),
    TF1_SAVED_MODEL("TF1 SavedModel", true);

    private final String title;
    private final boolean tf1Names;

    Kind(String title, boolean tf1Names) {
      this.title = title;
      this.tf1Names = tf1Names;
    }

    public String title() {
      return title;
    }

    /** Whether variables go by TF1 names. */
    public boolean tf1Names() {
      return tf1Names;
    }
  }

  private final Kind kind;
  private final Path path;
  private final CheckpointFile file;
  private final ImmutableMap<String, String> keys;
  private final Function<VariableSpec, String> nameOf;
  private final boolean ema;

  private WeightSource(
      Kind kind,
      Path path,
      CheckpointFile file,
      ImmutableMap<String, String> keys,
      Function<VariableSpec, String> nameOf,
      boolean ema) {
    this.kind = kind;
    this.path = path;
    this.file = file;
    this.keys = keys;
    this.nameOf = nameOf;
    this.ema = ema;
  }

  /**
   * Opens what lies at a path and lists it; nothing is executed.
   *
   * @param flag names the path in messages
   * @param path a checkpoint's prefix or one of its files, a directory of checkpoints, a SavedModel
   *     or a hub module
   * @param ema whether the averaged copy of the weights is meant
   * @param say told which checkpoint of a directory was taken
   * @throws UserException NO_INPUT if there is nothing, DATA if it is corrupt or truncated
   */
  public static WeightSource open(String flag, Path path, boolean ema, Consumer<String> say) {
    WeightSource source;
    if (Files.exists(path.resolve(SavedModelFile.HUB_MARK))) {
      source = tf1(Kind.HUB_MODULE, path, variables(path), ema);
    } else if (SavedModelFile.isIn(path)) {
      CheckpointFile file = variables(path);
      source =
          file.isObjectBased()
              ? savedModel(path, file)
              : tf1(Kind.TF1_SAVED_MODEL, path, file, ema);
    } else {
      CheckpointFile file = ModelDir.find(flag, path.toString(), say);
      source =
          file.isObjectBased() ? objects(path, file) : tf1(Kind.TF1_CHECKPOINT, path, file, ema);
    }
    if (ema && source.keys.keySet().stream().noneMatch(name -> name.startsWith(EMA))) {
      throw new UserException(
          ExitCode.DATA,
          "%s has no averaged copy of the weights, expected variables under %s for --ema",
          path,
          EMA);
    }
    return source;
  }

  public Kind kind() {
    return kind;
  }

  public Path path() {
    return path;
  }

  public CheckpointFile file() {
    return file;
  }

  /** Whether the averaged copy is taken. */
  public boolean ema() {
    return ema;
  }

  /** What this file calls a variable. */
  public String nameOf(VariableSpec spec) {
    return nameOf.apply(spec);
  }

  /** What this file would call a variable's LARS momentum. */
  public String momentumOf(VariableSpec spec) {
    return kind.tf1Names() ? spec.tf1Name() + "/Momentum" : CheckpointKeys.slot(spec, "Momentum");
  }

  /** The tensor of a name, as {@link #nameOf} gives it. */
  public Optional<Entry> find(String name) {
    return Optional.ofNullable(keys.get(name)).flatMap(file::find);
  }

  /** Key of every tensor in the file, by the name it has here. */
  public ImmutableMap<String, String> keys() {
    return keys;
  }

  /** Name of the tensor that counts steps, where there is one. */
  public Optional<String> stepName() {
    return Optional.of(kind.tf1Names() ? TF1_STEP : CheckpointKeys.GLOBAL_STEP)
        .filter(name -> find(name).filter(WeightSource::isCount).isPresent());
  }

  private static boolean isCount(Entry entry) {
    return entry.type() == DataType.DT_INT64 && entry.shape().isScalar();
  }

  /** The step that training had reached, where the file tells. */
  public OptionalLong step() {
    Optional<Entry> entry = stepName().flatMap(this::find);
    if (entry.isEmpty()) {
      return OptionalLong.empty();
    }
    try (BundleTensors read = file.read(List.of(entry.get().key()))) {
      return OptionalLong.of(((TInt64) read.get(0)).getLong());
    }
  }

  /** What kind of model the shapes belong to. */
  Architecture architecture() {
    ImmutableMap.Builder<String, Shape> shapes = ImmutableMap.builder();
    keys.forEach(
        (name, key) ->
            file.find(key)
                .filter(entry -> !name.contains(CheckpointKeys.SLOT))
                .ifPresent(entry -> shapes.put(plain(name), entry.shape())));
    Architecture found = Architecture.of(shapes.buildKeepingLast());
    return kind.tf1Names() ? found : found.withHeadOf(new ObjectPaths(file.objectGraph()));
  }

  @Override
  public String toString() {
    return kind.title() + ' ' + path;
  }

  private String plain(String name) {
    return ema && name.startsWith(EMA) ? name.substring(EMA.length()) : name;
  }

  private static WeightSource objects(Path path, CheckpointFile file) {
    ImmutableMap<String, String> keys =
        file.tensors().stream()
            .collect(toImmutableMap(Entry::path, Entry::key, (first, second) -> first));
    return new WeightSource(
        Kind.TF2_CHECKPOINT, path, file, keys, VariableSpec::checkpointKey, false);
  }

  private static WeightSource tf1(Kind kind, Path path, CheckpointFile file, boolean ema) {
    ImmutableMap<String, String> keys =
        file.tensors().stream().collect(toImmutableMap(Entry::key, Entry::key));
    return new WeightSource(kind, path, file, keys, spec -> (ema ? EMA : "") + spec.tf1Name(), ema);
  }

  /** By the attributes that lead to a variable; where there are none such, by Keras' names. */
  private static WeightSource savedModel(Path path, CheckpointFile file) {
    ObjectPaths objects = new ObjectPaths(file.objectGraph());
    ImmutableMap<String, String> byPath = objects.keysByPath();
    boolean attributes = !byPath.isEmpty();
    ImmutableMap<String, String> named =
        attributes
            ? byPath
            : objects.keysByName().entrySet().stream()
                .collect(
                    toImmutableMap(
                        e -> KerasNames.normal(e.getKey()), Map.Entry::getValue, (a, b) -> a));
    Map<String, String> keys = new LinkedHashMap<>(named);
    file.tensors().stream()
        .filter(entry -> !named.containsValue(entry.key()))
        .forEach(entry -> keys.putIfAbsent(entry.path(), entry.key()));
    return new WeightSource(
        Kind.SAVED_MODEL,
        path,
        file,
        ImmutableMap.copyOf(keys),
        attributes ? VariableSpec::checkpointKey : spec -> KerasNames.normal(spec.kerasName()),
        false);
  }

  private static CheckpointFile variables(Path savedModel) {
    SavedModelFile.read(savedModel);
    CheckpointFile file = CheckpointFile.open(SavedModelFile.variables(savedModel));
    file.verify();
    return file;
  }
}
