package simclr.data.source;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import simclr.config.LocalPath;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TextFile;
import simclr.io.UnreadableInput;

/**
 * What {@code features.json} and {@code *.labels.txt} of a TFDS directory say about images and
 * labels.
 *
 * @param image name of the feature that holds the image
 * @param label name of the class label; empty if the data set has none
 * @param labelNames by label; empty without a class label
 * @param name name of the feature that names the image; empty if there is none
 */
record TfdsFeatures(
    String image, Optional<String> label, ImmutableList<String> labelNames, Optional<String> name) {
  private static final long MOST_CLASSES = 1 << 20;

  /** What TFDS calls the feature that names an image: ImageNet's, others', CIFAR's. */
  private static final ImmutableList<String> NAMES =
      ImmutableList.of("file_name", "filename", "id");

  /**
   * Reads the files of a version directory.
   *
   * @param supervisedKeys names of image and label, as {@link TfdsInfo} has them; if empty, the
   *     only image is taken, and the only class label
   * @throws UserException if a file is missing or not valid JSON, or there is no image that can be
   *     used
   */
  static TfdsFeatures read(Path directory, ImmutableList<String> supervisedKeys) {
    Path file = directory.resolve("features.json");
    ImmutableList<Feature> features = features(file);
    boolean supervised = supervisedKeys.size() == 2;
    Feature image =
        pick(features, "Image", supervised ? supervisedKeys.get(0) : "image", supervised)
            .orElseThrow(
                () ->
                    TfdsInfo.unfit(
                        file,
                        "features",
                        features.stream().map(Feature::name).toList(),
                        "one image among them"));
    requireBytePixels(file, image);
    Optional<Feature> label =
        pick(features, "ClassLabel", supervised ? supervisedKeys.get(1) : "label", supervised);
    return new TfdsFeatures(
        image.name(),
        label.map(Feature::name),
        label.map(feature -> labelNames(file, feature)).orElse(ImmutableList.of()),
        NAMES.stream()
            .filter(
                name ->
                    features.stream()
                        .anyMatch(f -> f.kind().equals("Text") && f.name().equals(name)))
            .findFirst());
  }

  /**
   * One feature.
   *
   * @param kind the connector's class: {@code Image}
   * @param settings of the connector
   */
  private record Feature(String name, String kind, JsonNode settings) {
    String setting(String camelCase, String snakeCase) {
      return settings.path(camelCase).asText(settings.path(snakeCase).asText(""));
    }
  }

  /**
   * Reads both forms of the file: settings are a message under the connector's name; older versions
   * of TFDS wrote "type" and "content".
   */
  private static ImmutableList<Feature> features(Path file) {
    JsonNode root = TfdsInfo.json(file);
    boolean old = root.has("type");
    JsonNode nodes = old ? root.path("content") : root.path("featuresDict").path("features");
    ImmutableList.Builder<Feature> features = ImmutableList.builder();
    for (Map.Entry<String, JsonNode> entry : nodes.properties()) {
      JsonNode node = entry.getValue();
      String type = node.path(old ? "type" : "pythonClassName").asText("");
      String kind = type.substring(type.lastIndexOf('.') + 1);
      String message = kind.isEmpty() ? "" : Ascii.toLowerCase(kind.charAt(0)) + kind.substring(1);
      JsonNode settings = node.path(old ? "content" : message);
      features.add(new Feature(entry.getKey(), kind, settings));
    }
    return features.build();
  }

  /** The feature of this kind and name; if the name is only the usual one, the only one will do. */
  private static Optional<Feature> pick(
      List<Feature> features, String kind, String name, boolean binding) {
    List<Feature> candidates = features.stream().filter(f -> f.kind().equals(kind)).toList();
    Optional<Feature> named = candidates.stream().filter(f -> f.name().equals(name)).findFirst();
    return binding || candidates.size() != 1 ? named : candidates.stream().findFirst();
  }

  /** Float images are stored as RGBA whose bytes are the number's: they would decode, to noise. */
  private static void requireBytePixels(Path file, Feature image) {
    String type = image.setting("dtype", "dtype");
    if (!List.of("", "uint8", "uint16").contains(type)) {
      throw TfdsInfo.unfit(file, "dtype of " + image.name(), type, "uint8 or uint16");
    }
  }

  private static ImmutableList<String> labelNames(Path featuresFile, Feature label) {
    long classes =
        TfdsInfo.count(
            featuresFile,
            "numClasses of " + label.name(),
            label.setting("numClasses", "num_classes"));
    if (classes < 1 || classes > MOST_CLASSES) {
      throw TfdsInfo.unfit(
          featuresFile, "numClasses of " + label.name(), classes, "1 to " + MOST_CLASSES);
    }
    String labels = label.name() + ".labels.txt";
    Path file =
        featuresFile.resolveSibling(
            LocalPath.ifValid(labels)
                .orElseThrow(
                    () -> TfdsInfo.unfit(featuresFile, "features", label.name(), "file names")));
    if (!Files.exists(file)) {
      return LongStream.range(0, classes).mapToObj(Long::toString).collect(toImmutableList());
    }
    ImmutableList<String> names;
    try {
      names =
          TextFile.whole(file)
              .lines()
              .map(String::strip)
              .filter(name -> !name.isEmpty())
              .collect(toImmutableList());
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "the names of the classes");
    }
    if (names.size() != classes) {
      throw new UserException(
          ExitCode.DATA,
          "%s has %s names, expected %s as numClasses in %s",
          file,
          names.size(),
          classes,
          featuresFile.getFileName());
    }
    return names;
  }
}
