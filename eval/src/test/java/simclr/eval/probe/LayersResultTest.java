package simclr.eval.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.Layers;
import simclr.eval.probe.ridge.Ridge;

@Tag("numeric")
final class LayersResultTest {
  @Test
  void hIsComparedWithItsProjectionOnTheSameExamples() throws IOException {
    LayersResult result =
        run(
            ImmutableMap.of(
                Layers.H, Clouds.sets(300, 200, 8, 4, 6),
                Layers.Z, Clouds.sets(300, 200, 8, 4, 1)));
    JsonNode json = new ObjectMapper().readTree(result.json());

    assertThat(json.get("h_minus_z").asDouble())
        .isCloseTo(
            json.at("/layers/0/top_1").asDouble() - json.at("/layers/1/top_1").asDouble(),
            within(1e-12))
        .isGreaterThan(0.2);
    assertThat(json.get("h_minus_z_mcnemar_p").asDouble()).isLessThan(1e-6);
    assertThat(result.lines().get(3)).matches("h is \\+.* McNemar's exact test: p = .*e-.*");
  }

  @Test
  void layersThatAnswerAlikeDoNotDiffer() throws IOException {
    FeatureSets same = Clouds.sets(120, 60, 8, 4, 2);
    JsonNode json =
        new ObjectMapper().readTree(run(ImmutableMap.of(Layers.H, same, Layers.Z, same)).json());
    assertThat(json.get("h_minus_z").asDouble()).isZero();
    assertThat(json.get("h_minus_z_mcnemar_p").asDouble()).isEqualTo(1);

    JsonNode alone = new ObjectMapper().readTree(run(ImmutableMap.of(Layers.H, same)).json());
    assertThat(alone.get("h_minus_z").isNull()).isTrue();
  }

  private static LayersResult run(ImmutableMap<String, FeatureSets> layers) {
    return new ProbeRun(
            new GivenFeatures(layers), Ridge.standard(), ImmutableList.of(1L), Optional.empty())
        .all(Reporter.lines(line -> {}), () -> false)
        .orElseThrow();
  }
}
