package simclr.export.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Named.named;
import static simclr.export.inspect.HandMadeModel.CALLED;
import static simclr.export.inspect.HandMadeModel.RESTORE;
import static simclr.export.inspect.HandMadeModel.SAVE;
import static simclr.export.inspect.HandMadeModel.SERVE;
import static simclr.export.inspect.HandMadeModel.call;
import static simclr.export.inspect.HandMadeModel.constant;
import static simclr.export.inspect.HandMadeModel.flag;
import static simclr.export.inspect.HandMadeModel.function;
import static simclr.export.inspect.HandMadeModel.functions;
import static simclr.export.inspect.HandMadeModel.initialisation;
import static simclr.export.inspect.HandMadeModel.node;
import static simclr.export.inspect.HandMadeModel.nodes;
import static simclr.export.inspect.HandMadeModel.placeholder;
import static simclr.export.inspect.HandMadeModel.signature;
import static simclr.export.inspect.HandMadeModel.text;
import static simclr.export.inspect.HandMadeModel.with;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GradientDef;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.RegisteredGradient;
import org.tensorflow.proto.RewriterConfig;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedConcreteFunction;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** Each model here is the harmless one with one thing changed, and is found. */
final class HostileModelTest {
  private static final String BAD = "WriteFile";

  @Test
  void theModelThatTheOthersAreMadeOfIsHarmless() {
    assertThat(HandMadeModel.scan(model -> {}).findings()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("places")
  void anOperationIsFoundWhereverItStands(Consumer<HandMadeModel> change) {
    assertThat(HandMadeModel.scan(change).findings()).extracting(Finding::operation).contains(BAD);
  }

  static Stream<Named<Consumer<HandMadeModel>>> places() {
    NodeDef bad = node("bad", BAD);
    Stream<Named<Consumer<HandMadeModel>>> inFunctions =
        Stream.concat(CALLED.stream(), Stream.of(SERVE, SAVE, RESTORE))
            .map(function -> change(function, model -> model.into(function, bad)));
    return Stream.concat(
        inFunctions,
        Stream.of(
            change("main graph", model -> model.main(bad)),
            change(
                "initialisation",
                model ->
                    model
                        .main(bad)
                        .meta()
                        .putSignatureDef("__saved_model_init_op", initialisation("bad"))),
            change(
                "main operation",
                model ->
                    model.main(bad).meta().putCollectionDef("saved_model_main_op", nodes("bad"))),
            change(
                "legacy initialisation",
                model -> model.main(bad).meta().putCollectionDef("legacy_init_op", nodes("bad"))),
            change(
                "control input of the initialisation",
                model -> model.main(bad).nodeOf("", "init").addInput("^bad")),
            change(
                "control input of the restore",
                model -> model.main(bad).nodeOf("", "restore").addInput("^bad")),
            change("a function nobody calls", model -> model.function("unused", bad)),
            change(
                "a gradient",
                model ->
                    model
                        .function("gradient", bad)
                        .graph()
                        .getLibraryBuilder()
                        .addGradient(
                            GradientDef.newBuilder()
                                .setFunctionName("nested")
                                .setGradientFunc("gradient"))),
            change(
                "a registered gradient",
                model ->
                    model
                        .function("gradient", bad)
                        .graph()
                        .getLibraryBuilder()
                        .addRegisteredGradients(
                            RegisteredGradient.newBuilder()
                                .setGradientFunc("gradient")
                                .setRegisteredOpType("Mul"))),
            change(
                "a function called by its name",
                model -> model.function("evil", bad).main(node("call", "evil", "x"))),
            change(
                "one of a list of branches",
                model ->
                    model
                        .function("evil", bad)
                        .nodeOf(SERVE, "case")
                        .putAttr("branches", functions("first", "evil"))),
            change(
                "a function of a data pipeline",
                model ->
                    model
                        .function("evil", bad)
                        .main(with(node("map", "MapDataset"), "f", function("evil", Map.of())))),
            change(
                "a function that only an attribute's default names",
                model -> {
                  model.function("evil", bad);
                  parameter(model.existing("nested"), "evil");
                }),
            change(
                "a function for Python",
                model ->
                    model
                        .function("evil", bad)
                        .meta()
                        .getObjectGraphDefBuilder()
                        .putConcreteFunctions(
                            "evil", SavedConcreteFunction.getDefaultInstance()))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Files.
        "WriteFile",
        "ReadFile",
        "MatchingFiles",
        "ImmutableConst",
        "PrintV2",
        "Print",
        "SaveV2",
        "Save",
        "SaveSlices",
        "RestoreV2",
        "Restore",
        "RestoreSlice",
        "MergeV2Checkpoints",
        "ShardedFilename",
        "ShardedFilespec",
        "StringJoin",
        "LoadAndRemapMatrix",
        "GenerateVocabRemapping",
        "DistributedSave",
        "RecordInput",
        "Skipgram",
        "FixedUnigramCandidateSampler",
        "WholeFileReaderV2",
        "TextLineReaderV2",
        "TFRecordReaderV2",
        "FixedLengthRecordReaderV2",
        "IdentityReaderV2",
        "LMDBReader",
        "ReaderReadV2",
        "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2",
        "InitializeTableV2",
        "HashTableV2",
        "MutableHashTableV2",
        "LookupTableImportV2",
        "CreateSummaryFileWriter",
        "CreateSummaryDbWriter",
        "WriteScalarSummary",
        "WriteGraphSummary",
        "ImportEvent",
        "DumpTensor",
        "DebugIdentityV2",
        "DebugIdentityV3",
        "DebugNumericSummaryV2",
        "FileSystemSetConfiguration",
        "DecodeProtoV2",
        "EncodeProto",
        "CalibrationStatisticsSaver",
        // Data pipelines.
        "TextLineDataset",
        "TFRecordDatasetV2",
        "FixedLengthRecordDatasetV2",
        "CSVDataset",
        "SqlDataset",
        "MatchingFilesDataset",
        "CacheDatasetV2",
        "SnapshotDatasetV2",
        "LoadDataset",
        "SaveDatasetV2",
        "DatasetToTFRecord",
        "MapDataset",
        "GeneratorDataset",
        "IteratorV2",
        "MakeIterator",
        "DatasetFromGraph",
        "ReduceDataset",
        // Code.
        "PyFunc",
        "PyFuncStateless",
        "EagerPyFunc",
        "XlaCustomCall",
        "XlaCustomCallV2",
        "XlaCallModule",
        "XlaLaunch",
        "XlaLaunchV2",
        "_XlaRun",
        "MlirPassthroughOp",
        "TfLiteSubgraphExecute",
        "TRTEngineOp",
        // Other processes, other devices, other sessions.
        "RpcCall",
        "RpcServerStart",
        "RpcClient",
        "DataServiceDatasetV4",
        "RegisterDatasetV2",
        "RemoteCall",
        "CollectiveReduceV2",
        "_Send",
        "_HostRecv",
        "ConfigureDistributedTPU",
        "TPUPartitionedCall",
        "GetSessionHandleV2",
        "GetSessionTensor",
        "WorkerHeartbeat",
        // Calls that are none of the known ones.
        "SymbolicGradient",
        "BatchFunction",
        "For",
        "_If",
        "_While",
        "TPUReplicate",
        // The process itself.
        "Abort",
        "SleepDataset",
        "Stage",
        "FIFOQueueV2",
        "Barrier",
        "MutexV2",
        "SomethingNobodyKnows",
        ""
      })
  void anOperationThatIsNotListedIsFound(String operation) {
    assertThat(HandMadeModel.scan(model -> model.main(node("bad", operation))).findings())
        .extracting(Finding::node)
        .containsExactly("bad");
  }

  @ParameterizedTest
  @MethodSource("attributes")
  void anAttributeThatChangesWhatRunsIsFound(Consumer<HandMadeModel> change) {
    assertThat(HandMadeModel.scan(change).findings()).isNotEmpty();
  }

  static Stream<Named<Consumer<HandMadeModel>>> attributes() {
    return Stream.of(
        change("parameter of an attribute", attribute("product", "T", placeholder("T"))),
        change("parameter of a branch", attribute("if", "then_branch", placeholder("f"))),
        change("parameter of a note", attribute("product", "_output_shapes", placeholder("s"))),
        change(
            "parameter within a function",
            attribute("call", "f", function("nested", Map.of("f", placeholder("g"))))),
        change("operation called as a function", attribute("call", "f", function(BAD, Map.of()))),
        change("operation among branches", attribute("case", "branches", functions("first", BAD))),
        change("no function", attribute("call", "f", function("nowhere", Map.of()))),
        change(
            "values for a function's parameters",
            attribute("call", "f", function("nested", Map.of("stream", text("file:///x"))))),
        change(
            "function in an attribute of another kind",
            attribute("product", "T", function("nested", Map.of()))),
        change("function in a note", attribute("product", "_class", functions("nested"))),
        change("api_implements of a node", attribute("call", "api_implements", text("a"))),
        change("api_implements of a function", ofFunction("nested", "api_implements", text("a"))),
        change(
            "api_preferred_device of a function",
            ofFunction("nested", "api_preferred_device", text("CPU"))),
        change("compiled by XLA", ofFunction("nested", "_XlaMustCompile", flag(true))),
        change("call compiled by XLA", attribute("call", "_XlaMustCompile", flag(true))),
        change("XlaCompile", attribute("product", "_XlaCompile", flag(true))),
        change("kernel by its label", attribute("product", "_kernel", text("other"))),
        change("unknown note", attribute("product", "_unheard_of", flag(true))),
        change("note of another kind", attribute("product", "_output_shapes", text("file:///x"))),
        change("memory region", attribute("product", "memory_region_name", text("/etc/passwd"))),
        change("unknown attribute", attribute("product", "output_stream", text("file:///x"))),
        change("executor", attribute("call", "executor_type", text("SINGLE_THREADED"))),
        change("optimizers of a call", attribute("call", "config_proto", optimizers())),
        change("config that is none", attribute("call", "config_proto", text("\u0001\u0001"))),
        change(
            "container of another session",
            model -> model.nodeOf("", "v").putAttr("container", text("other"))),
        change(
            "devices of a variable",
            model ->
                model.nodeOf("", "v").putAttr("allowed_devices", list(text("/job:worker/task:1")))),
        change("device", model -> model.nodeOf("", "x").setDevice("/job:worker/replica:0/task:1")),
        change(
            "device in a function",
            model -> model.nodeOf(SERVE, "product").setDevice("/job:ps/device:CPU:0")),
        change("device of a kind", model -> model.nodeOf("", "x").setDevice("/device:TPU:0")),
        change("handle as a constant", handle(DataType.DT_RESOURCE)),
        change("variant as a constant", handle(DataType.DT_VARIANT)),
        change(
            "attribute of an argument",
            model ->
                model
                    .existing("nested")
                    .putArgAttr(
                        0,
                        FunctionDef.ArgAttrs.newBuilder()
                            .putAttr("f", function("nested", Map.of()))
                            .build())),
        change(
            "default of a function's parameter",
            model -> parameter(model.existing("nested"), "innermost")),
        change(
            "type by parameter",
            model ->
                model
                    .existing("nested")
                    .getSignatureBuilder()
                    .addAttr(OpDef.AttrDef.newBuilder().setName("T").setType("type"))));
  }

  @ParameterizedTest
  @MethodSource("savers")
  void whatIsNotTheSaversOwnFormIsFound(Consumer<HandMadeModel> change) {
    assertThat(HandMadeModel.scan(change).findings()).isNotEmpty();
  }

  static Stream<Named<Consumer<HandMadeModel>>> savers() {
    return Stream.of(
        change(
            "restores a file of its own choice",
            model -> {
              model.into(RESTORE, constant("chosen", "/etc/passwd"));
              model.nodeOf(RESTORE, "read").setInput(0, "chosen:output:0");
            }),
        change(
            "reads the name of another argument",
            model -> model.nodeOf(RESTORE, "read").setInput(0, "v")),
        change(
            "is handed another name",
            model ->
                model
                    .main(constant("chosen", "/etc/passwd"))
                    .nodeOf("", "restore")
                    .setInput(0, "chosen")),
        change(
            "the name that is fed is a constant",
            model -> {
              model.main(constant("chosen", "/etc/passwd"), call("again", RESTORE, "chosen", "v"));
              model.meta().getSaverDefBuilder().setFilenameTensorName("chosen:0");
              model.nodeOf("", "restore").setInput(0, "chosen");
              model.nodeOf("", "save").setInput(0, "chosen");
            }),
        change(
            "a second call of the same function",
            model -> model.main(call("again", RESTORE, "saver_filename", "v"))),
        change(
            "a restore that is only mentioned",
            model ->
                model.main(
                    with(
                        node("other", "StatelessIf", "saver_filename"),
                        "then_branch",
                        function(RESTORE, Map.of())))),
        change(
            "a restore that a note mentions",
            model -> model.main(with(node("n", "NoOp"), "_f", function(RESTORE, Map.of())))),
        change(
            "a restore of a function's own",
            model ->
                model
                    .function("other", node("read", "RestoreV2", "prefix"))
                    .main(call("again", "other", "saver_filename", "v"))),
        change(
            "a restore for Python",
            model ->
                model
                    .meta()
                    .getObjectGraphDefBuilder()
                    .putConcreteFunctions(RESTORE, SavedConcreteFunction.getDefaultInstance())),
        change(
            "a restore in the signature",
            model -> model.meta().putSignatureDef("serving_default", signature("restore:0"))),
        change(
            "a save behind the signature", model -> model.nodeOf("", "served").addInput("^save")),
        change(
            "a save in the signature",
            model -> model.meta().putSignatureDef("serving_default", signature("save:0"))),
        change(
            "a save at the start",
            model -> model.meta().putSignatureDef("__saved_model_init_op", initialisation("save"))),
        change(
            "a save before the initialisation",
            model -> model.nodeOf("", "init").addInput("^save")),
        change("a save while restoring", model -> model.nodeOf("", "restore").addInput("^save")),
        change(
            "a save instead of the restore",
            model -> model.meta().getSaverDefBuilder().setRestoreOpName("save")),
        change(
            "a save within the restore",
            model -> model.into(RESTORE, node("write", "SaveV2", "prefix"))),
        change("a suffix that leaves", suffix("/../../../home/me/.bashrc")),
        change("a suffix that is longer", suffix("_temp/part/../x")),
        change(
            "a separator",
            model -> model.nodeOf(SAVE, "joined").putAttr("separator", text("/../x"))),
        change(
            "a third part",
            model ->
                model
                    .into(SAVE, constant("more", "/x"))
                    .nodeOf(SAVE, "joined")
                    .addInput("more:o:0")),
        change(
            "a merge to elsewhere",
            model ->
                model
                    .into(SAVE, constant("to", "/etc/x"))
                    .nodeOf(SAVE, "merge")
                    .setInput(1, "to:output:0")),
        change(
            "a merge of other files",
            model ->
                model
                    .into(SAVE, constant("from", "/etc/x"))
                    .nodeOf(SAVE, "names")
                    .setInput(0, "from:output:0")),
        change(
            "a save to elsewhere",
            model ->
                model
                    .into(SAVE, constant("to", "/etc/x"))
                    .nodeOf(SAVE, "write")
                    .setInput(0, "to:output:0")),
        change("no saver", model -> model.meta().clearSaverDef()));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void callsWithoutBoundsAndDoubleNamesAreFound(Consumer<HandMadeModel> change, String reason) {
    assertThat(HandMadeModel.scan(change).findings())
        .extracting(Finding::reason)
        .anyMatch(found -> found.contains(reason));
  }

  static Stream<Arguments> shapes() {
    return Stream.of(
            Map.entry(
                change(
                    "calls itself",
                    model -> model.into("innermost", node("again", "innermost", "prefix"))),
                "calls itself"),
            Map.entry(
                change(
                    "calls itself by another",
                    model -> model.into("innermost", call("again", "nested", "prefix"))),
                "calls itself"),
            Map.entry(
                change("calls 200 deep", model -> chain(model, 200, 1)), "more than 100 deep"),
            Map.entry(
                change("doubles 40 times", model -> chain(model, 40, 2)), "more than 5000000"),
            Map.entry(
                change("two functions of a name", model -> model.function("nested")),
                "no name of its own"),
            Map.entry(change("no name", model -> model.function("")), "no name of its own"),
            Map.entry(
                change("name of an operation", model -> model.function("Relu")),
                "the name of an operation"),
            Map.entry(
                change("name of an operation that is refused", model -> model.function(BAD)),
                "the name of an operation"),
            Map.entry(
                change("two nodes of a name", model -> model.main(node("x", "NoOp"))),
                "is there twice"),
            Map.entry(
                change(
                    "a node with the name of an argument",
                    model -> model.into(RESTORE, node("prefix", "Placeholder"))),
                "is there twice"))
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  @Test
  void aNameWithoutEndOrWithControlCharactersIsShortened() {
    String name = "\u001b[2J\n" + "x".repeat(30_000);
    String message =
        HandMadeModel.scan(model -> model.main(node(name, name))).findings().get(0).toString();
    assertThat(message)
        .hasSizeLessThan(500)
        .doesNotContain("\u001b", "\n")
        .contains("\\u001b[2J\\n", "(30005 characters)");
  }

  private static Named<Consumer<HandMadeModel>> change(
      String name, Consumer<HandMadeModel> change) {
    return named(name, change);
  }

  /** An attribute of a node of {@link HandMadeModel#SERVE}. */
  private static Consumer<HandMadeModel> attribute(String node, String name, AttrValue value) {
    return model -> model.nodeOf(SERVE, node).putAttr(name, value);
  }

  private static Consumer<HandMadeModel> ofFunction(String function, String name, AttrValue value) {
    return model -> model.existing(function).putAttr(name, value);
  }

  /** A parameter whose default is a function. */
  private static void parameter(FunctionDef.Builder function, String byDefault) {
    function
        .getSignatureBuilder()
        .addAttr(
            OpDef.AttrDef.newBuilder()
                .setName("g")
                .setType("func")
                .setDefaultValue(function(byDefault, Map.of())));
  }

  private static AttrValue list(AttrValue text) {
    return AttrValue.newBuilder()
        .setList(AttrValue.ListValue.newBuilder().addS(text.getS()))
        .build();
  }

  private static AttrValue optimizers() {
    ByteString config =
        ConfigProto.newBuilder()
            .setGraphOptions(
                GraphOptions.newBuilder()
                    .setRewriteOptions(
                        RewriterConfig.newBuilder().addOptimizers("implementation_selector")))
            .build()
            .toByteString();
    return AttrValue.newBuilder().setS(config).build();
  }

  private static Consumer<HandMadeModel> handle(DataType type) {
    TensorProto tensor =
        TensorProto.newBuilder()
            .setDtype(type)
            .setTensorShape(TensorShapeProto.getDefaultInstance())
            .build();
    return model ->
        model.main(
            with(node("h", "Const"), "value", AttrValue.newBuilder().setTensor(tensor).build()));
  }

  private static Consumer<HandMadeModel> suffix(String suffix) {
    return model ->
        model
            .nodeOf(SAVE, "temp")
            .putAttr("value", constant("temp", suffix).getAttrOrThrow("value"));
  }

  /** Functions that call the next one, each so many times. */
  private static void chain(HandMadeModel model, int length, int times) {
    model.function("f" + length);
    for (int i = 0; i < length; i++) {
      String next = "f" + (i + 1);
      model.function(
          "f" + i,
          IntStream.range(0, times)
              .mapToObj(call -> node("call" + call, next, "prefix"))
              .toArray(NodeDef[]::new));
    }
    model.main(node("chain", "f0", "x"));
  }
}
