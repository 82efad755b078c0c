package simclr.export.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SavedModel;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.inspect.Finding.Effect;

final class OperationScanTest {
  private static final Path DIR = Path.of("model");

  @TempDir Path temp;

  @Test
  void aModelThatOnlyComputesIsHarmless() {
    assertThatNoException()
        .isThrownBy(scan(graph(node("x", "Placeholder"), node("y", "Relu", "x")))::requireHarmless);
  }

  @Test
  void whatReachesBeyondComputingIsNamed() {
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(scan(graph(node("bad", "WriteFile")))::requireHarmless)
        .withMessage(
            "model is not loaded: WriteFile (bad) in graph [serve] reads or writes files of its"
                + " choice; expected a model that only computes")
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA));
  }

  @Test
  void whatStandsInAFunctionIsFoundWhetherOrNotItIsCalled() {
    GraphDef.Builder graph = graph(node("x", "Placeholder"));
    graph.getLibraryBuilder().addFunction(function("hidden", node("leak", "WriteFile")));
    assertThat(scan(graph).findings())
        .containsExactly(
            new Finding(
                "WriteFile",
                "leak",
                "function hidden",
                Effect.FILES,
                "reads or writes files of its choice"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../etc/passwd", "/etc/passwd", "a/../../b", "..", "a\\b"})
  void anAssetOutsideOfTheModelIsFound(String name) {
    MetaGraphDef.Builder meta = MetaGraphDef.newBuilder();
    meta.addAssetFileDef(AssetFileDef.newBuilder().setFilename("labels.txt"));
    meta.addAssetFileDef(AssetFileDef.newBuilder().setFilename(name));
    assertThat(scan(graph(), meta).findings()).extracting(Finding::node).containsExactly(name);
  }

  @Test
  void aTornFileIsNamed() throws IOException {
    byte[] whole =
        SavedModel.newBuilder()
            .addMetaGraphs(MetaGraphDef.newBuilder().setGraphDef(graph(node("x", "Placeholder"))))
            .build()
            .toByteArray();
    Path file = temp.resolve("saved_model.pb");
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatExceptionOfType(UserException.class)
          .isThrownBy(() -> OperationScan.of(temp))
          .withMessageStartingWith(file.toString())
          .withMessageEndingWith("expected a whole SavedModel")
          .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA));
    }
    Files.write(file, whole);
    assertThat(OperationScan.of(temp).findings()).isEmpty();
  }

  @Test
  void anotherFormOfTheSameFileIsRefused() throws IOException {
    Files.write(temp.resolve("saved_model.cpb"), new byte[] {1});
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(() -> OperationScan.of(temp))
        .withMessageContaining("saved_model.cpb, expected saved_model.pb alone");
  }

  private static OperationScan scan(GraphDef.Builder graph) {
    return scan(graph, MetaGraphDef.newBuilder());
  }

  private static OperationScan scan(GraphDef.Builder graph, MetaGraphDef.Builder meta) {
    meta.getMetaInfoDefBuilder().addTags("serve");
    return OperationScan.of(
        DIR, SavedModel.newBuilder().addMetaGraphs(meta.setGraphDef(graph)).build());
  }

  private static GraphDef.Builder graph(NodeDef... nodes) {
    GraphDef.Builder graph = GraphDef.newBuilder();
    for (NodeDef node : nodes) {
      graph.addNode(node);
    }
    return graph;
  }

  private static FunctionDef function(String name, NodeDef... nodes) {
    OpDef.Builder signature = OpDef.newBuilder().setName(name);
    signature.addInputArgBuilder().setName("prefix");
    FunctionDef.Builder function = FunctionDef.newBuilder().setSignature(signature);
    for (NodeDef node : nodes) {
      function.addNodeDef(node);
    }
    return function.build();
  }

  private static NodeDef node(String name, String operation, String... inputs) {
    NodeDef.Builder node = NodeDef.newBuilder().setName(name).setOp(operation);
    for (String input : inputs) {
      node.addInput(input);
    }
    return node.build();
  }
}
