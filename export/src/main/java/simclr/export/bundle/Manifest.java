package simclr.export.bundle;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.WholeFile;

/**
 * {@code manifest.json}: what an export is, for people and programs that will not run it.
 *
 * @param formatVersion of this file
 * @param representationSize length of h
 * @param projectionSize length of z; null without a projection head
 * @param numClasses of the logits; null without a classifier
 * @param classNamesFile relative to the export; null if the names are not known
 * @param outputs what each name of {@code signatures} and {@code endpoints} means
 * @param signatures what a server answers
 * @param endpoints the dict of the module's call
 * @param flags of the run
 */
public record Manifest(
    int formatVersion,
    Architecture architecture,
    int representationSize,
    @Nullable Integer projectionSize,
    @Nullable Integer numClasses,
    @Nullable String classNamesFile,
    Input input,
    Map<String, String> outputs,
    Map<String, Signature> signatures,
    Map<String, Tensor> endpoints,
    Source source,
    Map<String, @Nullable Object> flags,
    String tensorflowVersion,
    String createdBy) {

  private static final String FILE = "manifest.json";

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .setSerializationInclusion(JsonInclude.Include.ALWAYS)
          .enable(SerializationFeature.INDENT_OUTPUT);

  /** The flags that shape the model. */
  public record Architecture(
      int resnetDepth,
      int widthMultiplier,
      double skRatio,
      double seRatio,
      int imageSize,
      boolean cifarStem,
      String projHeadMode,
      int numProjLayers,
      int projOutDim,
      int ftProjSelector,
      boolean globalBn,
      String trainMode) {}

  /** What the model takes. */
  public record Input(
      List<Integer> range, String layout, String channels, int imageSize, String preprocessing) {}

  /** A tensor; unknown dimensions are -1. */
  public record Tensor(String dtype, List<Long> shape) {}

  /** What a signature takes and answers. */
  public record Signature(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {}

  /**
   * Where the weights come from.
   *
   * @param sha256 of the checkpoint's data file; of several shards, one behind the other
   */
  public record Source(String checkpoint, String sha256, long step) {}

  /** Where the manifest of an export is. */
  static Path file(Path directory) {
    return directory.resolve(FILE);
  }

  /**
   * Writes the file into an export.
   *
   * @throws UserException CANNOT_WRITE, naming the file
   */
  public void write(Path directory) {
    Path file = file(directory);
    try {
      Files.writeString(file, JSON.writeValueAsString(this) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
    }
  }

  /**
   * Reads what a user of an export has to know of it; later releases may write other manifests.
   *
   * @return empty if there is none, as in a SavedModel of another program
   * @throws UserException (data) if it is not a manifest
   */
  static Optional<ExportInfo> read(Path directory) {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode manifest;
    try {
      manifest = JSON.readTree(WholeFile.bytes(file));
    } catch (IOException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s cannot be read, expected a manifest in JSON (%s)",
          file,
          Quoted.of(String.valueOf(e.getMessage()).lines().findFirst().orElse("")));
    }
    return Optional.of(
        new ExportInfo(
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
