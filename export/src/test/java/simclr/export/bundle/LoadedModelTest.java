package simclr.export.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.TestExport;

/** Models made of a real export, which loads and answers as it is. */
final class LoadedModelTest {
  private static final TimeLimits UNHURRIED = TimeLimits.ofSeconds(600, 600);
  private static final int VALUES = TestExport.SIZE * TestExport.SIZE * 3;

  @TempDir Path dir;

  @Test
  void anExportLoadsAndAnswersWithoutLimitsToo() throws IOException {
    Path export = TestExport.copy(dir, 1);
    try (LoadedModel limited = LoadedModel.open(export, UNHURRIED);
        LoadedModel unlimited = LoadedModel.open(export, TimeLimits.ofSeconds(0, 0))) {
      assertThat(answer(limited)).isEqualTo(answer(unlimited)).hasSize(512);
    }
  }

  @Test
  void anInitialisationWithoutEndIsGivenUp() throws IOException {
    Path export =
        changed(
            meta -> {
              addEndlessLoop(meta);
              node(meta, "NoOp").addInput("^endless");
            });
    refused(() -> LoadedModel.open(export, TimeLimits.ofSeconds(1, 600)))
        .withMessage(
            "%s is not loaded after 1 seconds, expected a model that loads within"
                + " --load_timeout_seconds",
            export);
  }

  @Test
  void aSignatureWithoutEndIsGivenUpAndTheModelCloses() throws IOException {
    Path export =
        changed(
            meta -> {
              addEndlessLoop(meta);
              node(meta, "serving_default_call").addInput("^endless");
            });
    try (LoadedModel model = LoadedModel.open(export, TimeLimits.ofSeconds(600, 1))) {
      refused(() -> answer(model))
          .withMessage(
              "%s: signature serving_default has not answered after 1 seconds, expected an answer"
                  + " within --run_timeout_seconds",
              export);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nowhere:0", "nowhere", "serving_default_call:99", "x:y", "", ":0", "x:-1"})
  void aSignatureThatNamesWhatIsNotThereIsRefused(String tensor) throws IOException {
    Path export =
        changed(
            meta ->
                meta.putSignatureDef(
                    "other",
                    meta.getSignatureDefOrThrow("serving_default").toBuilder()
                        .putOutputs("y", TensorInfo.newBuilder().setName(tensor).build())
                        .build()));
    refused(() -> LoadedModel.open(export, UNHURRIED))
        .withMessageStartingWith(
            "%s: its signature other names the tensor \"%s\", which the graph does not hold",
            export, tensor);
  }

  @Test
  void aSaverThatNamesWhatIsNotThereIsRefused() throws IOException {
    Path export = changed(meta -> meta.getSaverDefBuilder().setRestoreOpName("nowhere"));
    refused(() -> LoadedModel.open(export, UNHURRIED))
        .withMessageContaining("names the operation \"nowhere\"");
  }

  @Test
  void aGraphForTrainingAloneIsRefused() throws IOException {
    Path export = changed(meta -> meta.getMetaInfoDefBuilder().clearTags().addTags("train"));
    refused(() -> LoadedModel.open(export, UNHURRIED)).withMessageContaining("tags [train]");
  }

  @Test
  void aHarmfulModelIsNotLoaded() throws IOException {
    Path export =
        changed(
            meta ->
                meta.getGraphDefBuilder()
                    .addNode(NodeDef.newBuilder().setName("bad").setOp("WriteFile")));
    refused(() -> LoadedModel.open(export, UNHURRIED)).withMessageContaining("is not loaded: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "3,1", "1,1,2"})
  void anAnswerWithoutARowForEachInputIsRefused(String shape) throws IOException {
    Path export =
        changed(
            meta -> {
              TensorProto.Builder tensor =
                  TensorProto.newBuilder().setDtype(DataType.DT_FLOAT).addFloatVal(1);
              tensor.getTensorShapeBuilder();
              Splitter.on(',')
                  .omitEmptyStrings()
                  .split(shape)
                  .forEach(
                      size ->
                          tensor
                              .getTensorShapeBuilder()
                              .addDimBuilder()
                              .setSize(Long.parseLong(size)));
              meta.getGraphDefBuilder()
                  .addNode(
                      NodeDef.newBuilder()
                          .setName("wrong")
                          .setOp("Const")
                          .putAttr("dtype", type(DataType.DT_FLOAT))
                          .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build()));
              answerWith(meta, "wrong:0");
            });
    try (LoadedModel model = LoadedModel.open(export, UNHURRIED)) {
      refused(() -> answer(model))
          .withMessageStartingWith("%s: output representation has the shape [", export)
          .withMessageEndingWith("], expected (1, features): a row for each input");
    }
  }

  @Test
  void aModelThatFailsIsNamedWithItsSignature() throws IOException {
    Path export =
        changed(
            meta -> {
              meta.getGraphDefBuilder()
                  .addNode(
                      NodeDef.newBuilder()
                          .setName("empty")
                          .setOp("VarHandleOp")
                          .putAttr("dtype", type(DataType.DT_FLOAT))
                          .putAttr(
                              "shape",
                              AttrValue.newBuilder()
                                  .setShape(TensorShapeProto.getDefaultInstance())
                                  .build())
                          .putAttr(
                              "shared_name",
                              AttrValue.newBuilder()
                                  .setS(ByteString.copyFromUtf8("empty"))
                                  .build()))
                  .addNode(
                      NodeDef.newBuilder()
                          .setName("read")
                          .setOp("ReadVariableOp")
                          .addInput("empty")
                          .putAttr("dtype", type(DataType.DT_FLOAT)));
              answerWith(meta, "read:0");
            });
    try (LoadedModel model = LoadedModel.open(export, UNHURRIED);
        TFloat32 images = TFloat32.tensorOf(Shape.of(1, TestExport.SIZE, TestExport.SIZE, 3))) {
      refused(
              () ->
                  model.floatsOfTensors(
                      "serving_default", ImmutableMap.of("inputs", images), "representation"))
          .withMessageStartingWith("%s: signature serving_default fails (", export)
          .withMessageEndingWith("), expected a model that computes what it is given");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 1_000_001})
  void limitsOutsideOfTheirRangeAreRefused(long seconds) {
    assertThatExceptionOfType(UserException.class)
        .isThrownBy(() -> TimeLimits.ofSeconds(seconds, 1))
        .withMessage("--load_timeout_seconds is %s, expected 0 (no limit) to 1000000", seconds)
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE));
  }

  private static ThrowableAssertAlternative<UserException> refused(ThrowingCallable call) {
    return assertThatExceptionOfType(UserException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA));
  }

  private static float[] answer(LoadedModel model) {
    HostTensor.Floats images =
        new HostTensor.Floats(Shape.of(1, TestExport.SIZE, TestExport.SIZE, 3), new float[VALUES]);
    return model
        .floats("serving_default", ImmutableMap.of("inputs", List.of(images)), "representation")
        .values();
  }

  private Path changed(Consumer<MetaGraphDef.Builder> change) throws IOException {
    Path export = TestExport.copy(dir, 1);
    Path file = export.resolve(ExportDirectory.SAVED_MODEL);
    SavedModel.Builder model = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
    change.accept(model.getMetaGraphsBuilder(0));
    Files.write(file, model.build().toByteArray());
    return export;
  }

  private static void answerWith(MetaGraphDef.Builder meta, String tensor) {
    SignatureDef.Builder signature = meta.getSignatureDefOrThrow("serving_default").toBuilder();
    signature.putOutputs(
        "representation",
        signature.getOutputsOrThrow("representation").toBuilder().setName(tensor).build());
    meta.putSignatureDef("serving_default", signature.build());
  }

  private static NodeDef.Builder node(MetaGraphDef.Builder meta, String name) {
    return meta.getGraphDefBuilder().getNodeBuilderList().stream()
        .filter(node -> node.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** A loop from 1 to 1 while that is not -1, which TensorFlow cannot leave out. */
  private static void addEndlessLoop(MetaGraphDef.Builder meta) {
    AttrValue types =
        AttrValue.newBuilder()
            .setList(AttrValue.ListValue.newBuilder().addType(DataType.DT_INT32))
            .build();
    meta.getGraphDefBuilder()
        .addNode(constant("start", 1))
        .addNode(
            NodeDef.newBuilder()
                .setName("endless")
                .setOp("While")
                .addInput("start")
                .putAttr("T", types)
                .putAttr("cond", function("endless_cond"))
                .putAttr("body", function("endless_body")))
        .getLibraryBuilder()
        .addFunction(function("endless_cond", DataType.DT_BOOL, constant("c", -1), "NotEqual"))
        .addFunction(function("endless_body", DataType.DT_INT32, constant("c", 1), "Maximum"));
  }

  private static FunctionDef function(String name, DataType type, NodeDef constant, String op) {
    return FunctionDef.newBuilder()
        .setSignature(
            OpDef.newBuilder()
                .setName(name)
                .addInputArg(OpDef.ArgDef.newBuilder().setName("i").setType(DataType.DT_INT32))
                .addOutputArg(OpDef.ArgDef.newBuilder().setName("o").setType(type)))
        .addNodeDef(constant)
        .addNodeDef(
            NodeDef.newBuilder()
                .setName("y")
                .setOp(op)
                .addInput("i")
                .addInput("c:output:0")
                .putAttr("T", type(DataType.DT_INT32)))
        .putRet("o", "y:z:0")
        .build();
  }

  private static NodeDef constant(String name, int value) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setDtype(DataType.DT_INT32).addIntVal(value);
    tensor.getTensorShapeBuilder();
    return NodeDef.newBuilder()
        .setName(name)
        .setOp("Const")
        .putAttr("dtype", type(DataType.DT_INT32))
        .putAttr("value", AttrValue.newBuilder().setTensor(tensor).build())
        .build();
  }

  private static AttrValue type(DataType type) {
    return AttrValue.newBuilder().setType(type).build();
  }

  private static AttrValue function(String name) {
    return AttrValue.newBuilder().setFunc(NameAttrList.newBuilder().setName(name)).build();
  }
}
