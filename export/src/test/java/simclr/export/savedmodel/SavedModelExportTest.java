package simclr.export.savedmodel;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Tensor;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject.KindCase;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObjectGraph;
import org.tensorflow.proto.SignatureDef;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.inspect.OperationScan;
import simclr.inference.RestoredModel;

/**
 * Exports of a ResNet-18. That they answer as the model does is checked by every export itself; a
 * test shows that this check notices.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("numeric")
final class SavedModelExportTest {
  private static final ImmutableList<String> LABELS =
      IntStream.range(0, 10).mapToObj(i -> "class " + i).collect(toImmutableList());
  private static final Path REFERENCE =
      Path.of(System.getProperty("simclr.testdata", "testdata"), "reference");

  private final Path root;
  private final StoredModel stored;
  private final Path base;
  private final Path written;

  SavedModelExportTest(@TempDir Path root) throws IOException {
    this.root = root;
    this.stored = StoredModel.write(root.resolve("run"), Map.of(), 10, 5);
    this.base = root.resolve("exports");
    this.written = base.resolve("5");
  }

  @BeforeAll
  void export() {
    ExportSource source = ExportSource.of(stored.config(), stored.checkpoint(), LABELS);
    assertThat(SavedModelExport.write(source, base)).isEqualTo(written);
  }

  @Test
  void theVersionIsTheStepAndNothingElseIsLeft() throws IOException {
    assertThat(names(base)).containsExactly("5");
    assertThat(names(written))
        .containsExactlyInAnyOrder(
            "saved_model.pb", "variables", "assets", "assets.extra", "manifest.json");
    assertThat(names(written.resolve("variables")))
        .containsExactlyInAnyOrder("variables.index", "variables.data-00000-of-00001");
    assertThat(Files.readAllLines(written.resolve("assets/labels.txt"))).isEqualTo(LABELS);
  }

  @Test
  void anExistingVersionIsRefusedAndStays() throws IOException {
    byte[] before = Files.readAllBytes(written.resolve("saved_model.pb"));
    ExportSource source = ExportSource.of(stored.config(), stored.checkpoint(), LABELS);
    assertRefused(
        () -> SavedModelExport.write(source, base),
        ExitCode.CANNOT_WRITE,
        written + " exists already, expected another --output or another version");
    assertThat(Files.readAllBytes(written.resolve("saved_model.pb"))).isEqualTo(before);
    assertThat(names(base)).containsExactly("5");
  }

  @Test
  void signaturesAreThoseOfServers() throws IOException {
    Map<String, SignatureDef> signatures = metaGraph(written).getSignatureDefMap();
    assertThat(signatures.keySet())
        .containsExactlyInAnyOrder(
            "serving_default", "project", "head_layers", "image_bytes", "__saved_model_init_op");
    assertThat(outputs(signatures, "serving_default")).containsOnly("representation", "logits");
    assertThat(outputs(signatures, "project")).containsOnly("projection");
    assertThat(outputs(signatures, "head_layers"))
        .containsOnly("head_layer_1", "head_layer_2", "projection");
    assertThat(outputs(signatures, "image_bytes"))
        .containsOnly("representation", "logits", "class_names");
    assertThat(signatures)
        .allSatisfy(
            (key, signature) ->
                assertThat(signature.getMethodName())
                    .isEqualTo(key.startsWith("__") ? "" : "tensorflow/serving/predict"));
  }

  @Test
  void theCallIsTheReferencesToTheLetter() throws IOException {
    SavedObjectGraph ours = metaGraph(written).getObjectGraphDef();
    SavedObjectGraph theirs = referenceObjects();
    List<SavedConcreteFunction> ourCalls = calls(ours);
    List<SavedConcreteFunction> theirCalls = calls(theirs);
    assertThat(ourCalls).hasSize(2);
    for (int i = 0; i < 2; i++) {
      assertThat(ourCalls.get(i).getCanonicalizedInputSignature())
          .isEqualTo(theirCalls.get(i).getCanonicalizedInputSignature());
      assertThat(ourCalls.get(i).getOutputSignature())
          .isEqualTo(theirCalls.get(i).getOutputSignature());
      assertThat(ourCalls.get(i).getBoundInputsCount())
          .isEqualTo(theirCalls.get(i).getBoundInputsCount());
    }
    assertThat(child(ours, ours.getNodes(0), "__call__").getFunction().getFunctionSpec())
        .isEqualTo(child(theirs, theirs.getNodes(0), "__call__").getFunction().getFunctionSpec());
    assertThat(variables(ours, "trainable_variables_list"))
        .hasSize(73)
        .isEqualTo(variables(theirs, "trainable_variables_list"));
  }

  @Test
  void whatHubLayersAskForIsThere() throws IOException {
    SavedObjectGraph objects = metaGraph(written).getObjectGraphDef();
    List<String> trainable = variables(objects, "trainable_variables");
    assertThat(trainable).isEqualTo(variables(objects, "trainable_variables_list"));
    assertThat(variables(objects, "variables")).hasSize(121).startsWith(trainable.get(0));
    assertThat(variables(objects, "regularization_losses")).isEmpty();
  }

  @Test
  void onlyTheTrainingCallMovesVariables() throws IOException {
    Map<String, Long> assigns = new TreeMap<>();
    for (FunctionDef function : metaGraph(written).getGraphDef().getLibrary().getFunctionList()) {
      long count =
          function.getNodeDefList().stream().filter(n -> n.getOp().startsWith("Assign")).count();
      assigns.put(function.getSignature().getName(), count);
      assertThat(function.getControlRetCount()).isEqualTo((int) count);
    }
    assertThat(assigns.remove("__inference___call___training")).isEqualTo(48);
    assertThat(assigns.values()).isNotEmpty().containsOnly(0L);
  }

  @Test
  void theVariablesFileIsACheckpointOfTheModel() {
    CheckpointFile exported =
        CheckpointFile.open(written.resolve("variables").resolve("variables"));
    List<String> keys =
        exported.tensors().stream()
            .map(CheckpointFile.Entry::key)
            .filter(key -> key.startsWith("model/"))
            .toList();
    assertThat(keys).hasSize(121);
    try (BundleTensors there = exported.read(keys);
        BundleTensors here = stored.checkpoint().read(keys)) {
      for (int i = 0; i < keys.size(); i++) {
        assertThat(bytes(there.get(i))).as(keys.get(i)).isEqualTo(bytes(here.get(i)));
      }
    }
    assertThat(exported.objectGraph().getNodesCount()).isGreaterThan(121);
  }

  @Test
  void anExportHoldsNoOperationThatTouchesFiles() {
    assertThat(OperationScan.of(written).findings()).isEmpty();
  }

  @Test
  void theManifestTellsWhatTheExportIs() throws IOException {
    JsonNode manifest = new ObjectMapper().readTree(written.resolve("manifest.json").toFile());
    assertThat(manifest.path("format_version").asInt()).isEqualTo(1);
    assertThat(manifest.path("architecture").path("resnet_depth").asInt()).isEqualTo(18);
    assertThat(manifest.path("architecture").path("cifar_stem").asBoolean()).isTrue();
    assertThat(manifest.path("representation_size").asInt()).isEqualTo(512);
    assertThat(manifest.path("projection_size").asInt()).isEqualTo(128);
    assertThat(manifest.path("num_classes").asInt()).isEqualTo(10);
    assertThat(manifest.path("class_names_file").asText()).isEqualTo("assets/labels.txt");
    assertThat(manifest.path("input").path("range").toString()).isEqualTo("[0,1]");
    assertThat(manifest.path("input").path("image_size").asInt()).isEqualTo(16);
    assertThat(manifest.path("source").path("step").asInt()).isEqualTo(5);
    assertThat(manifest.path("source").path("sha256").asText())
        .isEqualTo(
            MoreFiles.asByteSource(stored.directory().resolve("ckpt-5.data-00000-of-00001"))
                .hash(Hashing.sha256())
                .toString());
    assertThat(manifest.path("flags").path("image_size").asInt()).isEqualTo(16);
    assertThat(fields(manifest.path("endpoints"))).hasSize(10);
    assertThat(fields(manifest.path("outputs")))
        .containsAll(fields(manifest.path("endpoints")))
        .contains("representation", "projection", "logits", "class_names");
    assertThat(fields(manifest.path("signatures")))
        .containsOnly("serving_default", "project", "head_layers", "image_bytes");
  }

  @Test
  void aWarmUpRequestForEverySignatureIsFramedAsTfRecord() throws IOException {
    ByteBuffer file =
        ByteBuffer.wrap(
                Files.readAllBytes(
                    written.resolve("assets.extra").resolve("tf_serving_warmup_requests")))
            .order(ByteOrder.LITTLE_ENDIAN);
    List<String> signatures = new ArrayList<>();
    while (file.hasRemaining()) {
      byte[] message = new byte[Math.toIntExact(file.getLong())];
      file.getInt();
      file.get(message);
      int crc = Hashing.crc32c().hashBytes(message).asInt();
      assertThat(file.getInt()).isEqualTo(((crc >>> 15) | (crc << 17)) + 0xa282ead8);
      UnknownFieldSet request = field(field(message, 6), 1);
      signatures.add(field(bytes(request, 1), 3));
    }
    assertThat(signatures)
        .containsExactly("serving_default", "project", "head_layers", "image_bytes");
  }

  @Test
  void anExportOfOtherWeightsDoesNotPassTheCheck() throws IOException {
    StoredModel other = StoredModel.write(root.resolve("other"), Map.of(), 10, 6);
    ExportSource source = ExportSource.of(other.config(), other.checkpoint(), LABELS);
    ModuleFunctions functions = new ModuleFunctions(source);
    ReloadCheck check;
    try (RestoredModel model = source.open()) {
      check = ReloadCheck.expecting(source, functions, model);
    }
    assertThatThrownBy(() -> check.run(written))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("answers otherwise than the model");
  }

  @Test
  void withoutFlagsTheModelIsReadOffTheTensors() throws IOException {
    Path bare = Files.createDirectory(root.resolve("bare"));
    for (String end : List.of(".index", ".data-00000-of-00001")) {
      Files.copy(stored.directory().resolve("ckpt-5" + end), bare.resolve("ckpt-5" + end));
    }
    List<String> said = new ArrayList<>();
    ExportSource guessed =
        ExportSource.ofCheckpoint(
            CheckpointFile.open(bare.resolve("ckpt-5")), Map.of(), Optional.empty(), said::add);
    assertThat(said)
        .singleElement()
        .asString()
        .contains("no flags.json", "ResNet-18, CIFAR stem", "10 classes", "--image_size=32");
    assertThat(new ModuleFunctions(guessed).registry())
        .isEqualTo(
            new ModuleFunctions(ExportSource.of(stored.config(), stored.checkpoint(), LABELS))
                .registry());
  }

  @Test
  void aModelWithoutHeadsAnswersWithRepresentationsOnly() throws IOException {
    StoredModel bare =
        StoredModel.write(root.resolve("headless"), Map.of("proj_head_mode", "none"), 0, 0);
    List<String> said = new ArrayList<>();
    Path version =
        SavedModelExport.write(
            ExportSource.ofModelDir(bare.directory(), said::add), root.resolve("headless-export"));
    assertThat(version.getFileName().toString()).isEqualTo("1");
    MetaGraphDef meta = metaGraph(version);
    assertThat(meta.getSignatureDefMap().keySet())
        .containsExactlyInAnyOrder("serving_default", "image_bytes", "__saved_model_init_op");
    assertThat(outputs(meta.getSignatureDefMap(), "image_bytes")).containsOnly("representation");
    assertThat(calls(meta.getObjectGraphDef()).get(1).getOutputSignature().getDictValue())
        .satisfies(
            dict ->
                assertThat(dict.getFieldsMap().keySet())
                    .hasSize(7)
                    .contains("final_avg_pool")
                    .doesNotContain("logits_sup", "proj_head_output"));
    assertThat(names(version.resolve("assets"))).isEmpty();
  }

  @Test
  void largerImagesSelectiveKernelsAndLocalStatisticsAreExportedToo() throws IOException {
    StoredModel large =
        StoredModel.write(
            root.resolve("large"),
            Map.of(
                "image_size", "40",
                "sk_ratio", "0.0625",
                "se_ratio", "0.25",
                "global_bn", "false",
                "train_mode", "finetune",
                "fine_tune_after_block", "2"),
            3,
            7);
    ExportSource source =
        ExportSource.of(large.config(), large.checkpoint(), ImmutableList.of("a", "b", "c"));
    Path version = SavedModelExport.write(source, root.resolve("large-export"));
    SavedObjectGraph objects = metaGraph(version).getObjectGraphDef();
    assertThat(variables(objects, "trainable_variables_list"))
        .isNotEmpty()
        .noneMatch(name -> name.contains("block_group1"))
        .anyMatch(name -> name.contains("/batch_normalization"));
    Files.delete(large.directory().resolve("flags.json"));
    ExportSource guessed =
        ExportSource.ofCheckpoint(
            large.checkpoint(), Map.of("image_size", "40"), Optional.empty(), line -> {});
    assertThat(new ModuleFunctions(guessed).registry().all())
        .hasSameSizeAs(new ModuleFunctions(source).registry().all());
    assertThat(guessed.config().seRatio()).isEqualTo(0.25);
    assertThat(guessed.config().globalBn()).isFalse();
  }

  @Test
  void aTornCheckpointLeavesNothingBehind() throws IOException {
    StoredModel torn = StoredModel.write(root.resolve("torn"), Map.of(), 10, 9);
    CheckpointFile checkpoint = torn.checkpoint();
    Path data = torn.directory().resolve("ckpt-9.data-00000-of-00001");
    byte[] bytes = Files.readAllBytes(data);
    bytes[bytes.length / 2] ^= 1;
    Files.write(data, bytes);
    ExportSource source = ExportSource.of(torn.config(), checkpoint, ImmutableList.of());
    Path target = root.resolve("torn-export");
    assertRefused(() -> SavedModelExport.write(source, target), ExitCode.DATA, "is damaged");
    assertThat(target).doesNotExist();
  }

  @Test
  void aCheckpointOfAnotherModelIsRefused() {
    ExportSource source =
        ExportSource.of(
            stored.config().with(Map.of("resnet_depth", "34")),
            stored.checkpoint(),
            ImmutableList.of());
    assertRefused(
        () -> SavedModelExport.write(source, root.resolve("other-model")),
        ExitCode.DATA,
        "is of another model (ResNet-18");
    assertThat(root.resolve("other-model")).doesNotExist();
  }

  @Test
  void namesOfClassesAreOnePerClass() throws IOException {
    assertRefused(
        () -> ExportSource.of(stored.config(), stored.checkpoint(), ImmutableList.of("one", "two")),
        ExitCode.DATA,
        "has a head of 10 classes and there are 2 labels, expected one for each class");
    Path blank = Files.writeString(root.resolve("blank.txt"), "one\n\nthree\n");
    assertRefused(() -> ClassNames.read(blank), ExitCode.DATA, "line 2 is blank");
    Path none = root.resolve("none.txt");
    assertRefused(() -> ClassNames.read(none), ExitCode.NO_INPUT, "--labels is " + none);
    Path utf8 = Files.writeString(root.resolve("utf8.txt"), "größer\n猫\n");
    assertThat(ClassNames.read(utf8)).containsExactly("größer", "猫");
  }

  private static void assertRefused(ThrowingCallable call, ExitCode code, String sentence) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(UserException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
        .hasMessageContaining(sentence);
  }

  private static MetaGraphDef metaGraph(Path version) throws IOException {
    return SavedModel.parseFrom(Files.readAllBytes(version.resolve("saved_model.pb")))
        .getMetaGraphs(0);
  }

  private SavedObjectGraph referenceObjects() throws IOException {
    Path archive = REFERENCE.resolve("reference-saved_model.tar.xz");
    Process tar =
        new ProcessBuilder("tar", "-xf", archive.toString(), "-C", root.toString())
            .inheritIO()
            .start();
    assertThat(tar.onExit().join().exitValue()).isZero();
    return metaGraph(root.resolve("saved_model").resolve("8")).getObjectGraphDef();
  }

  private static List<SavedConcreteFunction> calls(SavedObjectGraph objects) {
    return child(objects, objects.getNodes(0), "__call__")
        .getFunction()
        .getConcreteFunctionsList()
        .stream()
        .map(objects::getConcreteFunctionsOrThrow)
        .toList();
  }

  /** Name, shape and whether it is trained, of each variable of a list. */
  private static List<String> variables(SavedObjectGraph objects, String list) {
    SavedObject node = child(objects, objects.getNodes(0), list);
    List<String> found = new ArrayList<>();
    for (int i = 0; i < node.getChildrenCount(); i++) {
      SavedObject variable = child(objects, node, Integer.toString(i));
      assertThat(variable.getKindCase()).isEqualTo(KindCase.VARIABLE);
      found.add(
          "%s %s %s"
              .formatted(
                  variable.getVariable().getName(),
                  variable.getVariable().getShape().getDimList().stream()
                      .map(d -> d.getSize())
                      .toList(),
                  variable.getVariable().getTrainable()));
    }
    return found;
  }

  private static SavedObject child(SavedObjectGraph objects, SavedObject parent, String name) {
    return parent.getChildrenList().stream()
        .filter(child -> child.getLocalName().equals(name))
        .map(child -> objects.getNodes(child.getNodeId()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no child " + name));
  }

  private static Set<String> outputs(Map<String, SignatureDef> signatures, String key) {
    return signatures.getOrDefault(key, SignatureDef.getDefaultInstance()).getOutputsMap().keySet();
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> children = Files.list(directory)) {
      return children.map(path -> path.getFileName().toString()).toList();
    }
  }

  private static List<String> fields(JsonNode object) {
    return ImmutableList.copyOf(object.fieldNames());
  }

  private static byte[] bytes(Tensor tensor) {
    byte[] bytes = new byte[Math.toIntExact(tensor.numBytes())];
    tensor.asRawTensor().data().read(bytes);
    return bytes;
  }

  private static UnknownFieldSet field(byte[] message, int number) throws IOException {
    return UnknownFieldSet.parseFrom(bytes(UnknownFieldSet.parseFrom(message), number));
  }

  private static UnknownFieldSet field(UnknownFieldSet message, int number) throws IOException {
    return UnknownFieldSet.parseFrom(bytes(message, number));
  }

  private static String field(ByteString message, int number) throws IOException {
    return bytes(UnknownFieldSet.parseFrom(message), number).toStringUtf8();
  }

  private static ByteString bytes(UnknownFieldSet message, int number) {
    return message.getField(number).getLengthDelimitedList().get(0);
  }
}
