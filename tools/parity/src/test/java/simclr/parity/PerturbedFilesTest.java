package simclr.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** A wrong number, a missing row and an unknown field are all found. */
@Execution(ExecutionMode.CONCURRENT)
final class PerturbedFilesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "schedule-lr",
        "schedule-steps",
        "lars-optimizer",
        "lars-other-optimizers",
        "loss-contrastive",
        "loss-contrastive-replicas",
        "loss-supervised",
        "metrics-eval",
        "metrics-special",
        "metrics-mean",
        "augment-pixel",
        "augment-jitter",
        "augment-crop",
        "augment-blur",
        "augment-train",
        "augment-crop-distribution"
      })
  void everyOutputOfACaseIsCompared(String name) throws IOException {
    ObjectNode file = oneCase(name);
    ObjectNode outputs = (ObjectNode) file.at("/cases/0/outputs");
    List<JsonNode> quantities = new ArrayList<>();
    outputs.forEach(quantities::add);
    quantities.forEach(quantity -> shift((ObjectNode) quantity));

    assertThat(check(file).failures()).isEqualTo(quantities.size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"schedule-lr", "augment-crop", "loss-contrastive", "lars-optimizer"})
  void fieldThatNobodyReadsIsAnError(String name) throws IOException {
    for (String place : List.of("", "/cases/0", "/cases/0/outputs")) {
      ObjectNode file = oneCase(name);
      ((ObjectNode) file.at(place)).put("surprise", 1);
      assertThatThrownBy(() -> check(file))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("surprise");
    }
    ObjectNode file = oneCase(name);
    ((ObjectNode) file.at("/cases/0/outputs").elements().next()).put("surprise", 1);
    assertThatThrownBy(() -> check(file)).hasMessageContaining("surprise");
  }

  @Test
  void nanWhereANumberIsExpectedFails() throws IOException {
    ObjectNode file = oneCase("schedule-lr");
    ((ArrayNode) file.at("/cases/0/outputs/lr/values")).set(0, "NaN");
    assertThat(failing(file)).containsExactly("lr");
  }

  @Test
  void statisticsOfASampledImageAreCompared() throws IOException {
    for (String statistic : List.of("mean", "l2", "min", "max")) {
      ObjectNode file = oneCase("augment-jitter");
      ObjectNode image = (ObjectNode) file.at("/cases/0/outputs/image");
      image.put(statistic, image.get(statistic).doubleValue() + 1);
      assertThat(failing(file)).describedAs(statistic).containsExactly("color_jitter: image");
    }
  }

  @Test
  void weightDecayOfOtherVariablesFails() throws IOException {
    ObjectNode file = read("loss-weight-decay");
    keepFirst(file, "cases");
    ((ObjectNode) file.get("trainable_variables")).retain("resnet18");
    ((ArrayNode) file.at("/cases/0/taken_indices")).add(72);
    ((ObjectNode) file.at("/cases/0")).put("num_trainable", 74);
    shift((ObjectNode) file.at("/cases/0/outputs/weight_decay_loss"));
    ArrayNode first = (ArrayNode) file.at("/trainable_variables/resnet18/0");
    first.set(0, "resnet/conv2d_fixed_padding/conv2d_1/kernel:0");
    assertThat(failing(file))
        .containsExactly("names", "num_trainable", "taken_indices", "weight_decay_loss");
  }

  @Test
  void wrongNamesOfTf1Fail() throws IOException {
    ObjectNode file = read("tf1-names-r18_1x_cifar");
    ((ArrayNode) file.at("/rows/3")).set(1, "base_model/batch_normalization_9");
    ((ObjectNode) file.get("counts")).put("encoder_elements", 1);
    ((ObjectNode) file.get("crc32")).put("keras", 1);
    assertThat(failing(file)).containsExactly("counts", "crc32", "names");
  }

  @Test
  void everyPartOfAnArchitectureIsCompared() throws IOException {
    ObjectNode file = read("architecture-r18-cifar");
    ((ObjectNode) file.get("parameters")).put("trainable", 1);
    ((ArrayNode) file.get("other_keys")).remove(0);
    ((ArrayNode) file.at("/inference/block_group2/samples")).set(5, 1e3);
    ((ArrayNode) file.at("/training/final_avg_pool/stats")).set(2, 1e3);
    ((ArrayNode) file.at("/moving_after_training/7")).set(3, 1e3);
    assertThat(failing(file))
        .containsExactly(
            "checkpoint keys", "inference", "moving_after_training", "parameters", "training");
  }

  @Test
  void modelOfOtherFlagsFails() throws IOException {
    ObjectNode file = read("architecture-r200");
    ((ObjectNode) file.get("flags")).put("resnet_depth", 152);
    assertThat(failing(file)).containsExactly("parameters", "variables");
  }

  @Test
  void everyPartOfAStepIsCompared() throws IOException {
    ObjectNode file = read("step-r18-cifar-lars-plain");
    ObjectNode step = (ObjectNode) file.at("/steps/0");
    step.put("learning_rate", 0.5);
    ((ArrayNode) step.at("/scalars/contrast_loss")).set(0, 1e3);
    ((ObjectNode) step.get("scalars")).remove("total_loss");
    ((ArrayNode) step.at("/gradients/3")).set(2, 1e3);
    ((ArrayNode) step.at("/variables_after/100")).set(3, 1e3);
    ((ArrayNode) step.get("slots_after")).remove(4);
    ((ArrayNode) file.get("no_gradient")).add(3);
    ((ArrayNode) file.get("unmoved")).add(5);
    file.put("global_step_after", 7);
    ((ObjectNode) file.get("optimizer_keys")).put("slots", 1);
    assertThat(failing(file))
        .containsExactly(
            "checkpoint keys",
            "contrast_loss",
            "global_step_after",
            "learning_rate",
            "no_gradient",
            "scalars",
            "step 0 gradients",
            "step 0 slots_after",
            "step 0 variables_after",
            "unmoved");
  }

  @Test
  void stepsOfAnotherModelAreRefused() throws IOException {
    ObjectNode file = read("step-r18-cifar-lars-plain");
    ((ObjectNode) file.get("flags")).put("num_proj_layers", 2);
    assertThatThrownBy(() -> check(file))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("variables are not those of the model");
  }

  @Test
  void flagsOfTheFileAreCheckedAsThoseOfARun() throws IOException {
    ObjectNode file = read("architecture-r200");
    ((ObjectNode) file.get("flags")).put("resnet_depth", 42);
    assertThatThrownBy(() -> check(file))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessageContaining("--resnet_depth is 42");
  }

  @Test
  void whatIsNoGoldenFileIsRefused(@TempDir Path directory) throws IOException {
    Path text = Files.writeString(directory.resolve("text.json"), "golden");
    Path other = Files.writeString(directory.resolve("other.json"), "{\"version\": 1}");
    Path list = Files.writeString(directory.resolve("list.json"), "[1]");
    Path twice = Files.writeString(directory.resolve("twice.json"), "{\"kind\":1,\"kind\":2}");
    for (Path path : List.of(text, other, list, twice)) {
      assertThatThrownBy(() -> GoldenFile.open(path))
          .isInstanceOfSatisfying(
              UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
          .hasMessageContaining(path.getFileName().toString());
    }
    for (Path path : List.of(directory, directory.resolve("absent.json"))) {
      assertThatThrownBy(() -> GoldenFile.open(path))
          .isInstanceOfSatisfying(
              UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_INPUT));
    }
  }

  @Test
  void formatIsToldByContentNotByName(@TempDir Path directory) throws IOException {
    Path renamed = directory.resolve("numbers.txt");
    Files.copy(GoldenFilesTest.golden("metrics-special"), renamed);
    assertThat(GoldenFile.open(renamed).kind()).isEqualTo("metrics-special");
  }

  private static ObjectNode oneCase(String name) throws IOException {
    ObjectNode file = read(name);
    keepFirst(file, "cases");
    return file;
  }

  private static ObjectNode read(String name) throws IOException {
    return (ObjectNode) JSON.readTree(Files.readAllBytes(GoldenFilesTest.golden(name)));
  }

  private static void keepFirst(ObjectNode file, String list) {
    ArrayNode all = (ArrayNode) file.get(list);
    while (all.size() > 1) {
      all.remove(1);
    }
  }

  /** Moves the first number of a quantity out of its tolerance. */
  private static void shift(ObjectNode quantity) {
    ArrayNode numbers = (ArrayNode) quantity.get(quantity.has("values") ? "values" : "sample");
    if (numbers.get(0).isIntegralNumber() && !quantity.has("tol")) {
      numbers.set(0, numbers.get(0).longValue() + 1);
    } else {
      numbers.set(0, numbers.get(0).doubleValue() + 3 * quantity.get("tol").doubleValue());
    }
  }

  private static FileReport check(JsonNode file) {
    return GoldenFile.of(GoldenFilesTest.golden("perturbed"), file).check();
  }

  private static Set<String> failing(JsonNode file) {
    return check(file).quantities().stream()
        .filter(quantity -> !quantity.holds())
        .map(Quantity::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
