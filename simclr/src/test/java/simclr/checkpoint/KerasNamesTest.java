package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KerasNamesTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("simclr.testdata", "testdata"), "golden");

  /** Names of a head's batch norm tell nothing of the architecture. */
  @ParameterizedTest
  @ValueSource(strings = {"r18_1x_cifar", "r50_1x_sk1", "r50_1x_se"})
  void kerasNamesTellTheArchitectureAsTf1NamesDo(String architecture) throws IOException {
    JsonNode golden =
        new JsonMapper().readTree(GOLDEN.resolve("tf1-names-" + architecture + ".json").toFile());
    int layers = 0;
    for (JsonNode row : golden.get("rows")) {
      String tf1 = row.get(1).asText();
      if (tf1.startsWith("base_model/") || tf1.endsWith("/dense")) {
        String keras = KerasNames.normal(row.get(3).asText() + "/kernel:0");
        assertThat(KerasNames.asTf1(keras)).isEqualTo(tf1 + "/kernel");
        layers++;
      }
    }
    assertThat(layers).isGreaterThan(40);
  }

  @Test
  void otherNamesStayAsTheyAre() {
    assertThat(KerasNames.asTf1("optimizer/iter")).isEqualTo("optimizer/iter");
  }
}
