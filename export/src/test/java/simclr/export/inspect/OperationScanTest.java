package simclr.export.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "WriteFile",
        "ReadFile",
        "MatchingFiles",
        "SaveV2",
        "RestoreV2",
        "Save",
        "Restore",
        "MergeV2Checkpoints",
        "TextLineDataset",
        "TFRecordDatasetV2",
        "CSVDataset",
        "MapDataset",
        "IteratorV2",
        "DumpTensor",
        "DebugIdentityV2",
        "CreateSummaryFileWriter",
        "InitializeTableFromTextFileV2",
        "PyFunc",
        "EagerPyFunc",
        "PyFuncStateless",
        "XlaCustomCall",
        "RpcCall",
        "CollectiveReduceV2",
        "_Send",
        "DataServiceDatasetV4",
        "WholeFileReaderV2",
        "SomethingNobodyKnows",
        "SleepOp"
      })
  void whatReachesBeyondComputingIsFound(String operation) {
    OperationScan scan = scan(graph(node("bad", operation)));
    assertThat(scan.findings()).hasSize(1);
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(scan::requireHarmless)
        .withMessageContaining("model is not loaded: " + operation + " (bad) in graph [serve]")
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

  @Test
  void printingToAFileIsWriting() {
    assertThat(scan(graph(print("stderr"))).findings()).isEmpty();
    assertThat(scan(graph(print("file:///home/me/.bashrc"))).findings()).hasSize(1);
  }

  @Test
  void theSaverMaySaveAndRestoreTheModelsOwnVariables() {
    assertThat(scan(saving(restoring("prefix")), saver()).findings()).isEmpty();
  }

  @Test
  void aRestoreThatReadsAFileOfItsOwnChoiceIsFound() {
    assertThat(scan(saving(restoring("chosen")), saver()).findings())
        .extracting(Finding::operation)
        .containsExactly("RestoreV2");
  }

  @Test
  void savingWhileRestoringIsFound() {
    GraphDef.Builder graph = saving(restoring("prefix"));
    graph.addNode(node("evil", "SaveV2", "filename"));
    graph.setNode(2, graph.getNode(2).toBuilder().addInput("^evil"));
    assertThat(scan(graph, saver()).findings()).extracting(Finding::node).containsExactly("evil");
  }

  @Test
  void savingFromASignatureIsFound() {
    MetaGraphDef.Builder meta = saver();
    meta.putSignatureDef(
        "serving_default",
        SignatureDef.newBuilder()
            .putOutputs("y", TensorInfo.newBuilder().setName("saved:0").build())
            .build());
    assertThat(scan(saving(restoring("prefix")), meta).findings())
        .extracting(Finding::operation)
        .contains("SaveV2");
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

  /** Nodes: filename, the call that saves, the call that restores. */
  private static GraphDef.Builder saving(FunctionDef restore) {
    GraphDef.Builder graph =
        graph(
            node("filename", "Placeholder"),
            call("saved", "save", "filename"),
            call("restored", "restore", "filename"));
    graph
        .getLibraryBuilder()
        .addFunction(
            function(
                "save",
                node("shard", "ShardedFilename", "prefix"),
                node("write", "SaveV2", "shard"),
                node("merge", "MergeV2Checkpoints", "shard", "^write")))
        .addFunction(restore);
    return graph;
  }

  private static FunctionDef restoring(String prefix) {
    return function(
        "restore", node("chosen", "Const"), node("read", "RestoreV2", prefix), node("no", "NoOp"));
  }

  private static MetaGraphDef.Builder saver() {
    return MetaGraphDef.newBuilder()
        .setSaverDef(
            SaverDef.newBuilder()
                .setFilenameTensorName("filename:0")
                .setSaveTensorName("saved:0")
                .setRestoreOpName("restored"));
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

  private static NodeDef call(String name, String function, String input) {
    return node(name, "StatefulPartitionedCall", input).toBuilder()
        .putAttr(
            "f",
            AttrValue.newBuilder().setFunc(NameAttrList.newBuilder().setName(function)).build())
        .build();
  }

  private static NodeDef print(String stream) {
    return node("print", "PrintV2").toBuilder()
        .putAttr(
            "output_stream", AttrValue.newBuilder().setS(ByteString.copyFromUtf8(stream)).build())
        .build();
  }
}
