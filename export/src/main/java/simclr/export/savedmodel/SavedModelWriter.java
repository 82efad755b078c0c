package simclr.export.savedmodel;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import simclr.checkpoint.CheckpointKeys;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.savedmodel.ModuleFunctions.Registry;
import simclr.export.weights.SavedModelFile;
import simclr.inference.RestoredModel;

/** The files of a SavedModel. */
final class SavedModelWriter {
  static final String TAG = "serve";
  static final String LABELS = "labels.txt";

  private final ImmutableList<String> labels;
  private final Registry registry;
  private final ImmutableList<ModuleFunction> calls;
  private final ImmutableMap<String, ModuleFunction> signatures;
  private final ObjectTree objects;

  private SavedModelWriter(
      ImmutableList<String> labels,
      Registry registry,
      ImmutableList<ModuleFunction> calls,
      ImmutableMap<String, ModuleFunction> signatures) {
    this.labels = labels;
    this.registry = registry;
    this.calls = calls;
    this.signatures = signatures;
    this.objects = ObjectTree.of(registry, calls, signatures, !labels.isEmpty());
  }

  static SavedModelWriter of(ModuleFunctions functions, ImmutableList<String> labels) {
    return new SavedModelWriter(
        labels,
        functions.registry(),
        ImmutableList.of(functions.call(true), functions.call(false)),
        functions.signatures());
  }

  ImmutableMap<String, ModuleFunction> signatures() {
    return signatures;
  }

  /** The released module's call in inference mode. */
  ModuleFunction call() {
    return calls.get(1);
  }

  /** Writes everything that loading needs, {@code saved_model.pb} last. */
  void write(Path directory, RestoredModel model) {
    try {
      Files.createDirectory(directory.resolve("assets"));
      Files.createDirectory(directory.resolve("variables"));
      if (!labels.isEmpty()) {
        Files.writeString(
            directory.resolve("assets").resolve(LABELS), String.join("\n", labels) + "\n", UTF_8);
      }
      model.writeVariables(
          SavedModelFile.variables(directory),
          spec -> CheckpointKeys.key(spec.checkpointKey()),
          Optional.of(objects.checkpointObjects().toByteArray()));
      Files.write(directory.resolve(SavedModelFile.NAME), SavedModelFile.bytes(savedModel()));
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", directory, e);
    }
  }

  private SavedModel savedModel() {
    MetaGraphDef.Builder meta =
        ServableGraph.build(registry.all(), signatures, calls, !labels.isEmpty());
    meta.getMetaInfoDefBuilder()
        .addTags(TAG)
        .setTensorflowVersion(TensorFlow.version())
        .setStrippedDefaultAttrs(true);
    meta.setObjectGraphDef(objects.savedObjects());
    return SavedModel.newBuilder().setSavedModelSchemaVersion(1).addMetaGraphs(meta).build();
  }
}
