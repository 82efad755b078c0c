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

  @Test
  void aGuessReadsAsASentencesPart() throws IOException {
    JsonNode golden =
        new JsonMapper().readTree(GOLDEN.resolve("architecture-r18-cifar.json").toFile());
    assertThat(ArchitectureGuess.ofShapes(shapes(golden.get("variables"))))
        .hasToString("ResNet-18, CIFAR stem, width 1, 3 projection layers (128), 10 classes");
    assertThat(ArchitectureGuess.ofShapes(Map.of()))
        .hasToString("no known ResNet, no projection head, no supervised head");
  }

  private static Map<String, Shape> shapes(JsonNode rows) {
    Map<String, Shape> shapes = new TreeMap<>();
    for (JsonNode row : rows) {
      long[] sizes =
          StreamSupport.stream(row.get(2).spliterator(), false)
              .mapToLong(JsonNode::asLong)
              .toArray();
      shapes.put(row.get(0).asText(), Shape.of(sizes));
    }
    return shapes;
  }
}
