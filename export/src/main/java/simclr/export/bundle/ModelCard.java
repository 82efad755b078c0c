package simclr.export.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * What a user of an export has to know of its {@code manifest.json}.
 *
 * @param imageSize side in pixels of the images that the encoder was trained on
 * @param representationSize length of a representation
 */
public record ModelCard(int imageSize, int representationSize) {
  private static final String NAME = "manifest.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads the manifest of a version.
   *
   * @return empty if there is none, as in a SavedModel of another program
   * @throws UserException (data) if it is not a manifest
   */
  static Optional<ModelCard> read(Path directory) {
    Path file = directory.resolve(NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode manifest;
    try {
      manifest = JSON.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserException(
          ExitCode.DATA, "%s cannot be read, expected a manifest in JSON (%s)", file, e.getClass());
    }
    return Optional.of(
        new ModelCard(
            number(file, manifest.path("input"), "image_size"),
            number(file, manifest, "representation_size")));
  }

  private static int number(Path file, JsonNode object, String key) {
    int value = object.path(key).asInt();
    if (value <= 0) {
      throw new UserException(
          ExitCode.DATA,
          "%s has %s %s, expected a whole number",
          file,
          key,
          Quoted.of(object.path(key).toString()));
    }
    return value;
  }
}
