package simclr.export.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.collect.ImmutableSet;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.VariableDef;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.convert.RandomWeights;
import simclr.export.inspect.Inspection;
import simclr.export.inspect.OperationScan;
import simclr.export.savedmodel.ExportSource;

/** The module as tf1.md of the first release describes it; Python's side is in tools/crosscheck. */
@Tag("numeric")
final class HubModuleTest {
  @TempDir static Path shared;
  private static ExportSource source;
  private static Path module;
  private static SavedModel model;

  @BeforeAll
  static void aModule() throws IOException {
    Path run = Files.createDirectory(shared.resolve("run"));
    RandomWeights.writeTf2(run, Map.of(), 10);
    source =
        ExportSource.ofCheckpoint(
            ModelDir.resolve(run.toString(), line -> {}), Map.of(), Optional.empty(), line -> {});
    module = HubModule.write(source, shared.resolve("hub"));
    model = SavedModel.parseFrom(Files.readAllBytes(module.resolve("saved_model.pb")));
  }

  @Test
  void theFilesAreThoseOfTheFormat() throws IOException {
    assertThat(module).isEqualTo(shared.resolve("hub/7"));
    assertThat(Files.readAllBytes(module.resolve("tfhub_module.pb"))).containsExactly(8, 3);
    assertThat(module.resolve("variables/variables.data-00000-of-00001")).exists();
    assertThat(model.getMetaGraphsList())
        .extracting(graph -> List.copyOf(graph.getMetaInfoDef().getTagsList()))
        .containsExactly(List.of(), List.of("train"));
  }

  @Test
  void theOutputsHaveTheReleasesNamesAndTensors() {
    for (MetaGraphDef graph : model.getMetaGraphsList()) {
      assertThat(graph.getSignatureDefMap()).containsOnlyKeys("default");
      assertThat(graph.getSignatureDefOrThrow("default").getMethodName()).isEmpty();
      assertThat(graph.getSignatureDefOrThrow("default").getInputsOrThrow("images").getName())
          .isEqualTo("Placeholder:0");
      Map<String, TensorInfo> outputs = graph.getSignatureDefOrThrow("default").getOutputsMap();
      assertThat(outputs.keySet())
          .containsExactlyInAnyOrder(
              "initial_conv",
              "initial_max_pool",
              "block_group1",
              "block_group2",
              "block_group3",
              "block_group4",
              "final_avg_pool",
              "default",
              "proj_head_input",
              "proj_head_output",
              "logits_sup");
      assertThat(nameOf(outputs, "default")).isEqualTo("base_model/final_avg_pool:0");
      assertThat(nameOf(outputs, "block_group2")).isEqualTo("base_model/block_group2:0");
      assertThat(nameOf(outputs, "proj_head_output")).isEqualTo("head_contrastive/nl_2/nl_2_out:0");
      assertThat(nameOf(outputs, "logits_sup"))
          .isEqualTo("head_supervised/linear_layer/linear_layer_out:0");
    }
  }

  @Test
  void theCollectionsNameTheVariablesByTheirKeysInTheCheckpoint()
      throws InvalidProtocolBufferException {
    Set<String> keys = new HashSet<>();
    CheckpointFile.open(module.resolve("variables/variables"))
        .tensors()
        .forEach(tensor -> keys.add(tensor.key()));
    assertThat(keys).hasSize(121);
    for (MetaGraphDef graph : model.getMetaGraphsList()) {
      assertThat(nodesOf(graph, "variables")).isEqualTo(keys);
      assertThat(nodesOf(graph, "trainable_variables")).hasSize(73);
      assertThat(graph.hasSaverDef()).isFalse();
    }
  }

  @Test
  void onlyTheTrainingGraphMovesAverages() {
    assertThat(model.getMetaGraphs(0).getCollectionDefMap()).doesNotContainKey("update_ops");
    assertThat(
            model
                .getMetaGraphs(1)
                .getCollectionDefOrThrow("update_ops")
                .getNodeList()
                .getValueList())
        .hasSize(48)
        .allMatch(name -> names(model.getMetaGraphs(1)).contains(name));
  }

  @Test
  void itIsHarmlessAndDescribed() {
    assertThat(OperationScan.of(module).findings()).isEmpty();
    List<String> lines = Inspection.of(module, line -> {}).lines(false);
    assertThat(lines.get(0)).startsWith("TF1 hub module");
    assertThat(String.join("\n", lines))
        .contains("ResNet-18, CIFAR stem")
        .contains("tags [train]")
        .contains("final_avg_pool")
        .contains("h, the representation")
        .contains("cannot run them");
  }

  @Test
  void aVersionThatExistsIsLeftAlone() {
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(() -> HubModule.write(source, shared.resolve("hub")))
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CANNOT_WRITE));
  }

  private static String nameOf(Map<String, TensorInfo> outputs, String name) {
    return Optional.ofNullable(outputs.get(name)).orElseThrow().getName();
  }

  private static Set<String> nodesOf(MetaGraphDef graph, String collection)
      throws InvalidProtocolBufferException {
    Set<String> nodes = new HashSet<>();
    ImmutableSet<String> there = names(graph);
    for (ByteString bytes :
        graph.getCollectionDefOrThrow(collection).getBytesList().getValueList()) {
      VariableDef variable = VariableDef.parseFrom(bytes);
      assertThat(there)
          .contains(variable.getInitializerName())
          .contains(variable.getSnapshotName().replace(":0", ""))
          .contains(variable.getInitialValueName().replace(":0", ""));
      nodes.add(variable.getVariableName().replace(":0", ""));
    }
    return nodes;
  }

  private static ImmutableSet<String> names(MetaGraphDef graph) {
    return graph.getGraphDef().getNodeList().stream()
        .map(NodeDef::getName)
        .collect(ImmutableSet.toImmutableSet());
  }
}
