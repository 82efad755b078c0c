package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;

final class ArchitectureGuessTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("simclr.testdata", "testdata"), "golden");

  static List<Path> architectures() throws IOException {
    try (Stream<Path> files = Files.list(GOLDEN)) {
      return files.filter(f -> f.getFileName().toString().startsWith("architecture-")).toList();
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void theReferencesModelsAreRecognisedByTheirVariables(Path file) throws IOException {
    JsonNode golden = new JsonMapper().readTree(file.toFile());
    JsonNode flags = golden.get("flags");
    ArchitectureGuess guess = ArchitectureGuess.ofShapes(shapes(golden.get("variables")));
    boolean selective = flags.path("sk_ratio").asDouble(0) > 0;
    boolean small = flags.path("image_size").asInt(224) <= 32;

    assertThat(guess.depth()).hasValue(flags.path("resnet_depth").asInt(50));
    assertThat(guess.stem())
        .isEqualTo(small ? "CIFAR stem" : selective ? "ResNet-D stem" : "ImageNet stem");
    assertThat(guess.widthMultiplier()).isEqualTo(flags.path("width_multiplier").asLong(1));
    assertThat(guess.selectiveKernels()).isEqualTo(selective);
    assertThat(guess.squeezeExcite()).isEqualTo(flags.path("se_ratio").asDouble(0) > 0);
    assertThat(guess.projLayers()).isEqualTo(flags.path("num_proj_layers").asInt(3));
    assertThat(guess.projOutDim()).isEqualTo(flags.path("proj_out_dim").asLong(128));
    if (flags.path("lineareval_while_pretraining").asBoolean(true)) {
      assertThat(guess.classes()).hasValue(golden.get("num_classes").asLong());
    } else {
      assertThat(guess.classes()).isEmpty();
    }
  }

  static List<Path> tf1Architectures() throws IOException {
    try (Stream<Path> files = Files.list(GOLDEN)) {
      return files
          .filter(f -> f.getFileName().toString().matches("tf1-names-(?!forward).*"))
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("tf1Architectures")
  void modelsOfTheFirstReleaseAreRecognisedByTheirNamesAndShapes(Path file) throws IOException {
    JsonNode golden = new JsonMapper().readTree(file.toFile());
    JsonNode config = golden.get("config");
    ArchitectureGuess guess = ArchitectureGuess.ofTf1Shapes(tf1Shapes(golden));
    boolean selective = config.path("sk_ratio").asDouble() > 0;

    assertThat(guess.depth()).hasValue(config.path("resnet_depth").asInt());
    assertThat(guess.stem())
        .isEqualTo(
            config.path("cifar_stem").asBoolean()
                ? "CIFAR stem"
                : selective ? "ResNet-D stem" : "ImageNet stem");
    assertThat(guess.widthMultiplier()).isEqualTo(config.path("width_multiplier").asLong());
    assertThat(guess.selectiveKernels()).isEqualTo(selective);
    assertThat(guess.squeezeExcite()).isEqualTo(config.path("se_ratio").asDouble() > 0);
    assertThat(guess.projLayers()).isEqualTo(config.path("num_proj_layers").asInt());
    assertThat(guess.projOutDim()).isEqualTo(config.path("proj_out_dim").asLong());
    assertThat(guess.classes()).hasValue(config.path("num_classes").asLong());
  }

  @Test
  void aGuessReadsAsASentencesPart() throws IOException {
    JsonNode golden =
        new JsonMapper().readTree(GOLDEN.resolve("architecture-r18-cifar.json").toFile());
    assertThat(ArchitectureGuess.ofShapes(shapes(golden.get("variables"))))
        .hasToString("ResNet-18, CIFAR stem, width 1, 3 projection layers (128), 10 classes");
    assertThat(ArchitectureGuess.ofShapes(Map.of()))
        .hasToString("no known ResNet, no projection head, no supervised head");
  }

  private static Map<String, Shape> tf1Shapes(JsonNode golden) {
    Map<String, Shape> shapes = new TreeMap<>();
    for (JsonNode layer : golden.get("rows")) {
      Shape shape = shape(layer.get(4));
      for (JsonNode leaf : golden.get("leaves").get(layer.get(0).asText())) {
        shapes.put(
            layer.get(1).asText() + '/' + leaf.asText(),
            leaf.asText().equals("bias") ? Shape.of(shape.get(-1)) : shape);
      }
    }
    return shapes;
  }

  private static Map<String, Shape> shapes(JsonNode rows) {
    Map<String, Shape> shapes = new TreeMap<>();
    for (JsonNode row : rows) {
      shapes.put(row.get(0).asText(), shape(row.get(2)));
    }
    return shapes;
  }

  private static Shape shape(JsonNode sizes) {
    return Shape.of(
        StreamSupport.stream(sizes.spliterator(), false).mapToLong(JsonNode::asLong).toArray());
  }
}
