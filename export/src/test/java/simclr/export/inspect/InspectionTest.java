package simclr.export.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;
import simclr.export.convert.RandomWeights;

final class InspectionTest {
  @TempDir Path temp;

  @Test
  void aCheckpointTellsItsModelStepAndSize() throws IOException {
    RandomWeights.writeTf2(temp, Map.of("width_multiplier", "1"), 10);
    Inspection inspection = Inspection.of(temp, line -> {});

    JsonNode json = new JsonMapper().readTree(inspection.json());
    assertThat(json.path("kind").asText()).isEqualTo("TF2 checkpoint");
    assertThat(json.path("step").asLong()).isEqualTo(7);
    assertThat(json.path("architecture").path("resnet_depth").asInt()).isEqualTo(18);
    assertThat(json.path("architecture").path("num_classes").asInt()).isEqualTo(10);
    assertThat(json.path("parts").path("encoder").asLong()).isEqualTo(11_182_784);
    assertThat(json.path("variables")).hasSize(197);
    assertThat(json.has("signatures")).isFalse();
    assertThat(inspection.lines(false))
        .anyMatch(line -> line.contains("input: float32 RGB in [0, 1]"))
        .anyMatch(line -> line.contains("and 189 more"));
    assertThat(inspection.lines(true)).hasSizeGreaterThan(197);
  }

  @Test
  void nothingThereIsSaid() {
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(() -> Inspection.of(temp.resolve("nothing"), line -> {}))
        .withMessageContaining("expected a prefix such as DIR/ckpt-78, or a directory");
  }
}
