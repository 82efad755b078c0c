package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import simclr.config.RunConfig;
import simclr.config.RunConfig.ProjHeadMode;
import simclr.model.ResNetSpec;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;

final class ArchitectureTest {
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
    Architecture found = Architecture.of(shapes(golden.get("variables")));
    boolean selective = flags.path("sk_ratio").asDouble(0) > 0;
    boolean small = flags.path("image_size").asInt(224) <= 32;

    assertThat(found.encoder().orElseThrow().depth())
        .isEqualTo(flags.path("resnet_depth").asInt(50));
    assertThat(found.stem())
        .isEqualTo(small ? "CIFAR stem" : selective ? "ResNet-D stem" : "ImageNet stem");
    assertThat(found.encoder().orElseThrow().widthMultiplier())
        .isEqualTo(flags.path("width_multiplier").asInt(1));
    assertThat(found.encoder().orElseThrow().selectiveKernels()).isEqualTo(selective);
    assertThat(found.encoder().orElseThrow().squeezeExcite())
        .isEqualTo(flags.path("se_ratio").asDouble(0) > 0);
    assertThat(found.projLayers()).isEqualTo(flags.path("num_proj_layers").asInt(3));
    assertThat(found.projOutDim()).isEqualTo(flags.path("proj_out_dim").asInt(128));
    if (flags.path("lineareval_while_pretraining").asBoolean(true)) {
      assertThat(found.classes()).hasValue(golden.get("num_classes").asInt());
    } else {
      assertThat(found.classes()).isEmpty();
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
    Architecture found = Architecture.of(tf1Shapes(golden));
    boolean selective = config.path("sk_ratio").asDouble() > 0;

    assertThat(found.encoder().orElseThrow().depth())
        .isEqualTo(config.path("resnet_depth").asInt());
    assertThat(found.stem())
        .isEqualTo(
            config.path("cifar_stem").asBoolean()
                ? "CIFAR stem"
                : selective ? "ResNet-D stem" : "ImageNet stem");
    assertThat(found.encoder().orElseThrow().widthMultiplier())
        .isEqualTo(config.path("width_multiplier").asInt());
    assertThat(found.encoder().orElseThrow().selectiveKernels()).isEqualTo(selective);
    assertThat(found.encoder().orElseThrow().squeezeExcite())
        .isEqualTo(config.path("se_ratio").asDouble() > 0);
    assertThat(found.projLayers()).isEqualTo(config.path("num_proj_layers").asInt());
    assertThat(found.projOutDim()).isEqualTo(config.path("proj_out_dim").asInt());
    assertThat(found.classes()).hasValue(config.path("num_classes").asInt());
  }

  /** A model, and which of its names are asked. */
  record Case(RunConfig config, int classes) {
    @Override
    public String toString() {
      return "ResNet-%s x%s, %s px, sk %s, se %s, head of %s, %s classes"
          .formatted(
              config.resnetDepth(),
              config.widthMultiplier(),
              config.imageSize(),
              config.skRatio(),
              config.seRatio(),
              config.projLayers(),
              classes);
    }
  }

  /**
   * Every encoder, each with one of the widths, heads and classifiers; of the deep ones, whose
   * blocks are those of ResNet-50, the plainest and the richest.
   */
  static List<Case> encoders() {
    List<Case> cases = new ArrayList<>();
    for (int depth : List.of(18, 34, 50, 101, 152, 200)) {
      for (String size : List.of("32", "224")) {
        for (String sk : List.of("0", "0.0625")) {
          for (String se : List.of("0", "0.25")) {
            boolean plain = size.equals("224") && sk.equals("0") && se.equals("0");
            boolean rich = size.equals("32") && !sk.equals("0") && !se.equals("0");
            if (depth > 50 && !plain && !rich) {
              continue;
            }
            int i = cases.size();
            cases.add(
                new Case(
                    RunConfig.of(
                        Map.of(
                            "resnet_depth",
                            Integer.toString(depth),
                            "width_multiplier",
                            Integer.toString(1 + i % 4),
                            "image_size",
                            size,
                            "sk_ratio",
                            sk,
                            "se_ratio",
                            se,
                            "proj_head_mode",
                            i % 4 == 0 ? "none" : "nonlinear",
                            "num_proj_layers",
                            Integer.toString(Math.max(1, i % 4)),
                            "global_bn",
                            Boolean.toString(i % 2 == 0))),
                    i % 3 == 0 ? 0 : 7));
          }
        }
      }
    }
    return cases;
  }

  /** Every head, on the smallest encoder. */
  static List<Case> heads() {
    List<Case> cases = new ArrayList<>();
    for (int classes : List.of(0, 10)) {
      cases.add(headed("none", 1, "0", classes));
      cases.add(headed("linear", 1, "0", classes));
      for (int layers : List.of(1, 2, 3)) {
        cases.add(headed("nonlinear", layers, "0", classes));
        cases.add(headed("nonlinear", layers, "-1", classes));
      }
    }
    return cases;
  }

  private static Case headed(String mode, int layers, String selector, int classes) {
    return new Case(
        RunConfig.of(
            Map.of(
                "resnet_depth",
                "18",
                "image_size",
                "32",
                "proj_head_mode",
                mode,
                "num_proj_layers",
                Integer.toString(layers),
                "proj_out_dim",
                "64",
                "ft_proj_selector",
                selector,
                "train_mode",
                selector.equals("0") ? "pretrain" : "finetune")),
        classes);
  }

  @ParameterizedTest
  @MethodSource({"encoders", "heads"})
  void everyModelIsRecoveredFromItsPathsItsKerasNamesAndItsTf1Names(Case model) {
    RunConfig config = model.config();
    SimClrModel built = new SimClrModel(config, model.classes());
    List<VariableSpec> specs = specs(built);
    // Neither TF1 nor Keras names the pooling that a basic block's shortcut then begins with.
    boolean hidden =
        built.encoder().cifarStem()
            && !built.encoder().bottleneck()
            && built.encoder().selectiveKernels();
    for (Function<VariableSpec, String> naming :
        List.<Function<VariableSpec, String>>of(
            VariableSpec::checkpointKey, s -> s.kerasName() + ":0", VariableSpec::tf1Name)) {
      Map<String, Shape> shapes = new TreeMap<>();
      specs.forEach(spec -> shapes.put(naming.apply(spec), spec.shape()));
      boolean byPath = shapes.keySet().iterator().next().startsWith(VariableSpec.ROOT);
      Architecture found = Architecture.of(shapes);

      ResNetSpec asked = built.encoder();
      assertThat(found.encoder())
          .hasValue(
              hidden && !byPath
                  ? new ResNetSpec(asked.depth(), asked.widthMultiplier(), true, 0, asked.seRatio())
                  : asked);
      assertThat(found.projLayers()).isEqualTo(config.projLayers());
      assertThat(found.projOutDim()).isEqualTo(config.projLayers() == 0 ? 0 : config.projOutDim());
      assertThat(found.linearHead())
          .isEqualTo(!byPath && config.projHeadMode() == ProjHeadMode.LINEAR);
      assertThat(found.numClasses()).isEqualTo(model.classes());
      assertThat(found.classifiesProjection())
          .isEqualTo(
              model.classes() > 0
                  && config.featureIndex() > 0
                  && config.projOutDim() != asked.representationSize());
    }
  }

  @ParameterizedTest
  @CsvSource({"50, 0.1, 0", "50, 0.3, 0.1", "18, 0, 0.07", "50, 1, 1", "101, 0.0625, 0.25"})
  void flagsFromTheShapesBuildTheSameVariablesWhateverTheRatios(
      String depth, String skRatio, String seRatio) {
    RunConfig config =
        RunConfig.of(
            Map.of(
                "resnet_depth", depth,
                "sk_ratio", skRatio,
                "se_ratio", seRatio,
                "image_size", "224"));
    List<VariableSpec> asked = specs(new SimClrModel(config, 10));
    RunConfig found = RunConfig.of(Architecture.of(asked).flags());
    assertThat(specs(new SimClrModel(found, 10))).isEqualTo(asked);
  }

  private static List<VariableSpec> specs(SimClrModel model) {
    try (Graph graph = new Graph()) {
      return model.declare(Ops.create(graph), false).all().stream().map(Variable::spec).toList();
    }
  }

  @Test
  void aModelThatLacksOneConvolutionIsUnknown() throws IOException {
    JsonNode golden =
        new JsonMapper().readTree(GOLDEN.resolve("architecture-r18-cifar.json").toFile());
    Map<String, Shape> shapes = shapes(golden.get("variables"));
    shapes
        .keySet()
        .removeIf(
            path -> path.endsWith("block_groups/2/layers/1/conv2d_bn_layers/0/conv2d/kernel"));
    assertThat(Architecture.of(shapes).encoder()).isEmpty();
    assertThat(Architecture.of(shapes))
        .hasToString("no known ResNet, 3 projection layers (128), 10 classes");
  }

  @Test
  void readsAsPartOfASentence() throws IOException {
    JsonNode golden =
        new JsonMapper().readTree(GOLDEN.resolve("architecture-r18-cifar.json").toFile());
    assertThat(Architecture.of(shapes(golden.get("variables"))))
        .hasToString("ResNet-18, CIFAR stem, width 1, 3 projection layers (128), 10 classes");
    assertThat(Architecture.of(Map.of()))
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
