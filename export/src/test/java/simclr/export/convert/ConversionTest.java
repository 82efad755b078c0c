package simclr.export.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Iterables;
import com.google.common.io.MoreFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.convert.ConversionRequest.Form;
import simclr.export.convert.ConversionRequest.Slots;
import simclr.export.hub.HubModule;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.export.weights.WeightSource;

@Tag("numeric")
final class ConversionTest {
  private static final int CLASSES = 10;

  @TempDir static Path shared;
  private static Path tf2;
  private static Path savedModel;
  private static Path hub;

  @TempDir Path temp;

  @BeforeAll
  static void aModelInEveryForm() throws IOException {
    tf2 = Files.createDirectory(shared.resolve("tf2"));
    RandomWeights.writeTf2(tf2, Map.of(), CLASSES);
    ExportSource source =
        ExportSource.ofCheckpoint(
            ModelDir.resolve(tf2.toString(), line -> {}), Map.of(), Optional.empty(), line -> {});
    savedModel = SavedModelExport.write(source, shared.resolve("saved_model"));
    hub = HubModule.write(source, shared.resolve("hub"));
  }

  @Test
  void thereAndBackAgainKeepsEveryBitOfWeightsMomentumAndStep() {
    ConversionReport there = convert(tf2, Form.TF1, "tf1");
    ConversionReport back = convert(temp.resolve("tf1"), Form.TF2, "tf2");

    assertThat(there.difference()).isZero();
    assertThat(back.ignored()).isEmpty();
    assertThat(back.step()).isEqualTo(7);
    Map<String, Integer> original = hashes(tf2);
    assertThat(original).hasSizeGreaterThan(190);
    assertThat(hashes(temp.resolve("tf2"))).isEqualTo(original);
  }

  @Test
  void everyTensorThatIsNotTakenIsNamedWithTheReason() {
    ConversionReport report = convert(tf2, Form.TF1, "tf1", Slots.DROP);
    assertThat(report.mapped()).hasSize(122);
    assertThat(report.ignored())
        .hasSize(75)
        .contains(new Ignored("save_counter", "counts saves, and starts anew"))
        .anyMatch(
            one ->
                one.name().endsWith("/Momentum")
                    && one.why().startsWith("momentum, which --slots"));
    assertThat(report.mapped().size() + report.ignored().size())
        .isEqualTo(CheckpointFile.open(tf2.resolve("ckpt-7")).tensors().size());

    WeightSource written = WeightSource.open("--from", temp.resolve("tf1"), false, line -> {});
    assertThat(written.kind()).isEqualTo(WeightSource.Kind.TF1_CHECKPOINT);
    assertThat(written.keys()).hasSize(122).containsKey("base_model/batch_normalization_19/gamma");
    assertThat(written.keys()).containsKey("head_supervised/linear_layer/dense/bias");
    assertThat(written.step()).hasValue(7);
  }

  @Test
  void aSavedModelBecomesACheckpointOfTheSameWeights() {
    ConversionReport report = convert(savedModel, Form.TF2, "tf2");
    assertThat(report.difference()).isZero();
    assertThat(model(hashes(temp.resolve("tf2")))).isEqualTo(model(hashes(tf2)));
  }

  @Test
  void safetensorsHoldTheEncoderInTorchsNamesAndLayouts() {
    ConversionReport report = convert(tf2, Form.SAFETENSORS, "torch");
    Safetensors file = Safetensors.open(temp.resolve("torch/model.safetensors"));

    assertThat(report.difference()).isZero();
    assertThat(shape(file, "conv1.weight")).containsExactly(64L, 3L, 3L, 3L);
    assertThat(shape(file, "fc.weight")).containsExactly(10L, 512L);
    assertThat(shape(file, "layer4.0.downsample.1.num_batches_tracked")).isEmpty();
    assertThat(file.places().keySet())
        .contains("layer1.0.conv2.weight", "layer3.1.bn2.running_var", "bn1.bias")
        .noneMatch(name -> name.contains("momentum"));
    assertThat(file.metadata().get("format")).isEqualTo("pt");
    assertThat(file.metadata().get("input")).contains("[0, 1]");
    assertThat(file.metadata().get("padding")).contains("ZeroPad2d((0, 1, 0, 1))");

    float[] kernel = values(tf2, "model/resnet_model/initial_conv_relu_max_pool/0/conv2d/kernel");
    float[] torch = file.floats("conv1.weight");
    int height = 1;
    int width = 2;
    int in = 1;
    int out = 5;
    assertThat(torch[((out * 3 + in) * 3 + height) * 3 + width])
        .isEqualTo(kernel[((height * 3 + width) * 3 + in) * 64 + out]);
  }

  @Test
  void theAveragedCopyIsTakenOnlyWhenAskedFor() {
    Path prefix = temp.resolve("model.ckpt-3");
    RandomWeights.writeTf1WithAverages(prefix, Map.of("num_proj_layers", "2"));
    ConversionReport plain = convert(prefix, Form.TF2, "plain");
    assertThat(plain.ignored())
        .isNotEmpty()
        .allMatch(one -> one.name().startsWith("ema_model/") && one.why().contains("--ema"));

    Conversion.run(
        new ConversionRequest(prefix, Form.TF2, temp.resolve("ema"), true, Slots.AUTO), line -> {});
    String key = "model/_projection_head/linear_layers/1/dense/kernel";
    float[] whole = values(temp.resolve("plain"), key);
    float[] averaged = values(temp.resolve("ema"), key);
    assertThat(averaged[17]).isEqualTo(0.5f * whole[17]);
  }

  @Test
  void unusualRatiosAndHeadsAreReadOffTheShapes() {
    Path directory = temp.resolve("made");
    RandomWeights.writeTf1(
        directory, Map.of("se_ratio", "0.3", "proj_head_mode", "linear", "proj_out_dim", "64"), 0);
    ConversionReport report = convert(directory, Form.TF2, "tf2");
    assertThat(report.architecture())
        .contains("squeeze and excitation", "no supervised head", "--proj_head_mode=linear")
        .contains("--proj_out_dim=64");
    assertThat(report.difference()).isZero();
  }

  @Test
  void aClassifierOnTheProjectionIsNoTorchvisionClassifierAndMomentumIsKeptWhenAskedFor() {
    Path directory = temp.resolve("made");
    RandomWeights.writeTf2(directory, Map.of("ft_proj_selector", "-1"), CLASSES);
    convert(directory, Form.SAFETENSORS, "torch", Slots.KEEP);
    assertThat(Safetensors.open(temp.resolve("torch/model.safetensors")).places())
        .containsKeys("conv1.weight", "conv1.weight.momentum")
        .doesNotContainKey("fc.weight");
  }

  @Test
  void whatTorchvisionDoesNotHaveIsRefused() {
    Path directory = temp.resolve("made");
    RandomWeights.writeTf2(directory, Map.of("se_ratio", "0.25"), 0);
    refused(directory, Form.SAFETENSORS, ExitCode.DATA, "which torchvision's ResNets do not have");
  }

  @Test
  void aSavedModelThatWritesFilesIsRefused() throws IOException {
    Path tampered = tampered(NodeDef.newBuilder().setName("leak").setOp("WriteFile").build());
    refused(tampered, Form.TF2, ExitCode.DATA, "is not loaded: WriteFile (leak)");
  }

  @Test
  void anAssetOutsideOfTheSavedModelIsRefused() throws IOException {
    Path copy = copy(savedModel);
    SavedModel.Builder model = read(copy).toBuilder();
    model
        .getMetaGraphsBuilder(0)
        .addAssetFileDef(AssetFileDef.newBuilder().setFilename("../../secret"));
    Files.write(copy.resolve("saved_model.pb"), model.build().toByteArray());
    refused(copy, Form.TF2, ExitCode.DATA, "is not loaded: asset (../../secret)");
  }

  @Test
  void aTornSavedModelIsNamed() throws IOException {
    Path copy = copy(savedModel);
    Path file = copy.resolve("saved_model.pb");
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 5000));
    refused(copy, Form.TF2, ExitCode.DATA, "saved_model.pb cannot be parsed");
  }

  @Test
  void aMissingVariableFileIsNamed() throws IOException {
    Path copy = copy(savedModel);
    Files.delete(copy.resolve("variables/variables.data-00000-of-00001"));
    refused(copy, Form.TF2, ExitCode.DATA, "variables.data-00000-of-00001 is missing");
  }

  @Test
  void aHubModuleOrATf1SavedModelBecomesACheckpointOfTheSameWeights() throws IOException {
    Path plain = copy(hub);
    Files.delete(plain.resolve("tfhub_module.pb"));
    ConversionReport report = convert(plain, Form.TF2, "tf2");
    assertThat(report.from()).startsWith("TF1 SavedModel");
    assertThat(model(hashes(temp.resolve("tf2")))).isEqualTo(model(hashes(tf2)));
    assertThat(WeightSource.open("--from", hub, false, line -> {}).kind())
        .isEqualTo(WeightSource.Kind.HUB_MODULE);
  }

  @Test
  void aCheckpointOfAnotherModelIsDescribed() throws IOException {
    Path foreign = temp.resolve("foreign");
    Files.createDirectories(foreign);
    TestBundles.write(foreign.resolve("model.ckpt-1"), ImmutableMap.of("encoder/kernel", 3));
    refused(
        foreign.resolve("model.ckpt-1"),
        Form.TF2,
        ExitCode.DATA,
        "holds the variables of no SimCLR model that this program knows");
  }

  @Test
  void whatIsMissingIsCountedAndNamed() throws IOException {
    Path partial = temp.resolve("partial");
    Files.createDirectories(partial);
    TestBundles.writeSome(hub.resolve("variables/variables"), partial.resolve("model.ckpt-1"), 2);
    refused(
        partial.resolve("model.ckpt-1"),
        Form.TF2,
        ExitCode.DATA,
        "2 of its 121 variables do not fit: base_model/batch_normalization");
  }

  @Test
  void anOutputThatExistsIsLeftAlone() throws IOException {
    Path output = Files.createDirectory(temp.resolve("full"));
    Files.writeString(output.resolve("mine.txt"), "mine");
    refused(tf2, Form.TF1, ExitCode.CANNOT_WRITE, "which exists and is not empty", output);
    assertThat(files(output)).hasSize(1);
  }

  @Test
  void anOutputThatCannotBeMadeIsSaid() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    refused(tf2, Form.TF1, ExitCode.CANNOT_WRITE, "below cannot be written", file.resolve("below"));
  }

  @Test
  void theSameFormIsNoConversion() {
    refused(tf2, Form.TF2, ExitCode.USAGE, "is a TF2 checkpoint already");
  }

  @Test
  void nothingThereIsSaid() {
    refused(temp.resolve("nowhere"), Form.TF2, ExitCode.NO_INPUT, "--from is");
  }

  private ConversionReport convert(Path from, Form to, String output) {
    return convert(from, to, output, Slots.AUTO);
  }

  private ConversionReport convert(Path from, Form to, String output, Slots slots) {
    return Conversion.run(
        new ConversionRequest(from, to, temp.resolve(output), false, slots), line -> {});
  }

  private void refused(Path from, Form to, ExitCode code, String part) {
    refused(from, to, code, part, temp.resolve("refused"));
    assertThat(temp.resolve("refused")).doesNotExist();
  }

  private void refused(Path from, Form to, ExitCode code, String part, Path output) {
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(
            () ->
                Conversion.run(
                    new ConversionRequest(from, to, output, false, Slots.AUTO), line -> {}))
        .withMessageContaining(part)
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(code));
    assertThat(temp.toFile().list((dir, name) -> name.endsWith(".tmp"))).isEmpty();
  }

  private Path tampered(NodeDef node) throws IOException {
    Path copy = copy(savedModel);
    SavedModel.Builder model = read(copy).toBuilder();
    MetaGraphDef.Builder graph = model.getMetaGraphsBuilder(0);
    graph.getGraphDefBuilder().addNode(node);
    Files.write(copy.resolve("saved_model.pb"), model.build().toByteArray());
    return copy;
  }

  private static SavedModel read(Path directory) throws IOException {
    return SavedModel.parseFrom(Files.readAllBytes(directory.resolve("saved_model.pb")));
  }

  private Path copy(Path directory) throws IOException {
    Path copy = temp.resolve("copy");
    for (Path file : MoreFiles.fileTraverser().breadthFirst(directory)) {
      Path to = copy.resolve(directory.relativize(file).toString());
      if (Files.isDirectory(file)) {
        Files.createDirectories(to);
      } else {
        Files.copy(file, to);
      }
    }
    return copy;
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private static Map<String, Integer> model(Map<String, Integer> hashes) {
    Map<String, Integer> model = new TreeMap<>(hashes);
    model
        .keySet()
        .removeIf(path -> !path.startsWith("model/") || path.contains(CheckpointKeys.SLOT));
    return model;
  }

  /** Hash of every tensor's values, by path; without the counters of saves and the object graph. */
  private static Map<String, Integer> hashes(Path directory) {
    CheckpointFile file = ModelDir.find("test", directory.toString(), line -> {});
    List<String> paths =
        file.tensors().stream()
            .map(CheckpointFile.Entry::path)
            .filter(path -> path.startsWith("model/"))
            .toList();
    Map<String, Integer> hashes = new TreeMap<>();
    hashes.put("step", (int) file.step());
    for (List<String> some : Iterables.partition(paths, 64)) {
      try (BundleTensors read = file.read(some.stream().map(CheckpointKeys::key).toList())) {
        for (int i = 0; i < some.size(); i++) {
          hashes.put(some.get(i), Arrays.hashCode(floats((TFloat32) read.get(i))));
        }
      }
    }
    return hashes;
  }

  private static float[] values(Path directory, String path) {
    CheckpointFile file = ModelDir.find("test", directory.toString(), line -> {});
    try (BundleTensors read = file.read(List.of(CheckpointKeys.key(path)))) {
      return floats((TFloat32) read.get(0));
    }
  }

  private static List<Long> shape(Safetensors file, String name) {
    return Optional.ofNullable(file.places().get(name)).orElseThrow().shape();
  }

  private static float[] floats(TFloat32 tensor) {
    float[] values = new float[(int) tensor.size()];
    tensor.asRawTensor().data().asFloats().read(values);
    return values;
  }
}
