package simclr.checkpoint;

import static com.google.common.collect.ImmutableMap.toImmutableMap;

import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * The checkpoint inside a SavedModel. Its keys follow the order in which objects were met; here its
 * tensors go by the attributes that lead to them, as in a run's checkpoints, or by Keras' names
 * where a SavedModel hides the attributes. Nothing of the model is executed.
 */
final class SavedModelVariables {
  private static final String MODEL = "saved_model.pb";

  private SavedModelVariables() {}

  /**
   * The SavedModel that a directory is, or the newest of the versions that it holds.
   *
   * @return empty if it is neither
   */
  static Optional<Path> find(Path directory) {
    if (Files.isRegularFile(directory.resolve(MODEL))) {
      return Optional.of(directory);
    }
    if (!Files.isDirectory(directory)) {
      return Optional.empty();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .filter(entry -> entry.getFileName().toString().matches("[1-9]\\d{0,17}"))
          .filter(entry -> Files.isRegularFile(entry.resolve(MODEL)))
          .max(Comparator.comparingLong(entry -> Long.parseLong(entry.getFileName().toString())));
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be listed (%s)", directory, e);
    }
  }

  /**
   * Reads the variables through once.
   *
   * @param savedModel as {@link #find} returns it
   * @throws UserException NO_INPUT if it has no variables, DATA if they are corrupt or truncated or
   *     those of a TF1 SavedModel
   */
  static CheckpointFile open(Path savedModel) {
    CheckpointFile file = CheckpointFile.open(savedModel.resolve("variables").resolve("variables"));
    file.verify();
    if (!file.isObjectBased()) {
      throw new UserException(
          ExitCode.DATA,
          "%s is a TF1 SavedModel, expected one of TF2 or a checkpoint: tools/simclr convert"
              + " --from=%s --to=tf2 --output=DIR makes one",
          savedModel,
          savedModel);
    }
    ObjectPaths objects = new ObjectPaths(file.objectGraph());
    ImmutableMap<String, String> named =
        objects.keysByPath().isEmpty() ? objects.keysByName() : objects.keysByPath();
    return file.renamed(
        named.entrySet().stream()
            .collect(
                toImmutableMap(
                    name -> CheckpointKeys.key(KerasNames.normal(name.getKey())),
                    Map.Entry::getValue,
                    (first, second) -> first)));
  }
}
