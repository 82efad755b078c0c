package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static simclr.checkpoint.CheckpointKeys.key;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.EagerSession;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.Saver.Scope;
import simclr.checkpoint.TinyRun.Form;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.RunConfig.OptimizerKind;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.model.Variables;

final class SaverTest {
  private static final String KERNEL =
      "model/resnet_model/initial_conv_relu_max_pool/0/conv2d/kernel";
  private static final String BIAS = "model/supervised_head/linear_layer/dense/bias";

  private final Path dir;

  SaverTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @ParameterizedTest
  @EnumSource
  void savedStateIsRestoredBitForBit(OptimizerKind optimizer) {
    Form form = Form.LARS.with(optimizer);
    Map<String, List<Number>> saved;
    try (TinyRun run = new TinyRun(form)) {
      run.fill(7);
      run.saver.save(run.session, dir.resolve("ckpt-7"));
      saved = run.values();
    }
    assertThat(saved.get("save_counter")).containsExactly(8L);
    try (TinyRun run = new TinyRun(form)) {
      RestoreReport report = run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, false);
      assertThat(run.values()).isEqualTo(saved);
      assertThat(report.matched()).hasSameSizeAs(saved.keySet());
      assertThat(report.complete()).isTrue();
      assertThat(report.unused()).isEmpty();
    }
    assertThat(open("ckpt-7").step()).isEqualTo(7);
    assertThat(dir.toFile().list())
        .containsExactlyInAnyOrder("ckpt-7.index", "ckpt-7.data-00000-of-00001");
  }

  @Test
  void modelOnlyLeavesOptimizerAndCountersAlone() {
    save(Form.LARS, 7);
    try (TinyRun run = new TinyRun(Form.LARS.with(OptimizerKind.ADAM))) {
      Map<String, List<Number>> before = run.values();
      run.saver.restore(run.session, open("ckpt-7"), Scope.MODEL_ONLY, false);
      Map<String, List<Number>> after = run.values();
      assertThat(after.get(KERNEL)).isNotEqualTo(before.get(KERNEL));
      assertThat(after.get(KERNEL + CheckpointKeys.SLOT + "m"))
          .isEqualTo(before.get(KERNEL + CheckpointKeys.SLOT + "m"));
      assertThat(after.get("global_step")).containsExactly(0L);
    }
  }

  @Test
  void otherShapeIsRefusedAndNothingIsAssigned() {
    save(Form.LARS, 7);
    try (TinyRun run = new TinyRun(Form.LARS.filters(8))) {
      Map<String, List<Number>> before = run.values();
      assertThatThrownBy(() -> run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, false))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("ckpt-7 is of another model")
          .hasMessageContaining(KERNEL + " is float32 (3, 3, 3, 4), expected float32 (3, 3, 3, 8)")
          .extracting(e -> ((UserException) e).exitCode())
          .isEqualTo(ExitCode.DATA);
      assertThat(run.values()).isEqualTo(before);
    }
  }

  @Test
  void headOfOtherClassesIsNamed() {
    save(Form.LARS, 7);
    try (TinyRun run = new TinyRun(Form.LARS.classes(5))) {
      assertThatThrownBy(
              () -> run.saver.restore(run.session, open("ckpt-7"), Scope.MODEL_ONLY, false))
          .hasMessageContaining("3 classes")
          .hasMessageContaining("5 classes")
          .hasMessageContaining("model/supervised_head/linear_layer/dense/kernel");
      Map<String, List<Number>> before = run.values();
      RestoreReport report = run.saver.restore(run.session, open("ckpt-7"), Scope.MODEL_ONLY, true);
      assertThat(report.mismatched()).hasSize(2);
      assertThat(run.values().get(BIAS)).isEqualTo(before.get(BIAS));
      assertThat(run.values().get(KERNEL)).isNotEqualTo(before.get(KERNEL));
    }
  }

  @Test
  void pretrainedWithoutProbeStartsTheHeadAfresh() {
    save(Form.LARS.classes(0), 7);
    try (TinyRun run = new TinyRun(Form.LARS)) {
      Map<String, List<Number>> before = run.values();
      RestoreReport report =
          run.saver.restore(run.session, open("ckpt-7"), Scope.MODEL_ONLY, false);
      assertThat(report.missing()).hasSize(2).allMatch(path -> path.startsWith("model/supervised"));
      assertThat(run.values().get(BIAS)).isEqualTo(before.get(BIAS));
      assertThatThrownBy(() -> run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, false))
          .hasMessageContaining("4 missing (first: model/supervised_head");
    }
  }

  @Test
  void evaluationDoesNotAcceptAMissingHead() {
    save(Form.LARS.classes(0), 7);
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variables variables = TinyRun.model(tf, Form.LARS);
      Restorer restorer = Restorer.build(tf, variables);
      try (Session session = new Session(graph)) {
        assertThatThrownBy(() -> restorer.restore(session, open("ckpt-7"), false))
            .hasMessageContaining("2 missing");
      }
    }
  }

  @Test
  void evaluationReadsTheModelOutOfARunsCheckpoint() {
    save(Form.LARS, 7);
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variables variables = TinyRun.model(tf, Form.LARS);
      Restorer restorer = Restorer.build(tf, variables);
      try (Session session = new Session(graph)) {
        RestoreReport report = restorer.restore(session, open("ckpt-7"), false);
        assertThat(report.matched()).hasSize(7);
        assertThat(report.unused()).isEmpty();
        try (Result bias =
                session.runner().fetch(variables.find(BIAS).orElseThrow().value()).run();
            BundleTensors inFile = open("ckpt-7").read(List.of(key(BIAS)))) {
          assertThat((TFloat32) bias.get(0)).isEqualTo((TFloat32) inFile.get(0));
        }
      }
    }
  }

  @Test
  void changedOptimizerIsRefusedUnlessPartial() {
    save(Form.LARS, 7);
    try (TinyRun run = new TinyRun(Form.LARS.with(OptimizerKind.ADAM))) {
      assertThatThrownBy(() -> run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, false))
          .hasMessageContaining("ckpt-7 is of another optimizer: 10 missing (first: " + KERNEL);
      RestoreReport report = run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, true);
      assertThat(report.missing()).hasSize(10);
      assertThat(report.unused()).hasSize(5);
      assertThat(run.values().get("global_step")).containsExactly(7L);
    }
  }

  @Test
  void slotsByPositionOfAnotherOptimizerAreNotTaken() {
    save(Form.LARS.with(OptimizerKind.ADAM), 7);
    try (TinyRun run = new TinyRun(Form.LARS.with(OptimizerKind.MOMENTUM))) {
      assertThatThrownBy(() -> run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, false))
          .hasMessageContaining("another optimizer: 5 missing");
    }
  }

  /** The form that TensorFlow before 2.11 wrote: slots by name, hyperparameters beside them. */
  @ParameterizedTest
  @EnumSource(names = {"MOMENTUM", "ADAM"})
  void slotsOfOlderKerasOptimizersAreRead(OptimizerKind optimizer) {
    Form form = Form.LARS.with(optimizer);
    Map<String, List<Number>> saved;
    try (TinyRun run = new TinyRun(form)) {
      run.fill(7);
      saved = run.values();
      run.saver.save(run.session, dir.resolve("ckpt-7"));
      saveAsOlderKeras(run.state, dir.resolve("ckpt-8"));
    }
    try (TinyRun run = new TinyRun(form)) {
      RestoreReport report = run.saver.restore(run.session, open("ckpt-8"), Scope.ALL, false);
      assertThat(report.unused()).isEmpty();
      saved.put("save_counter", List.of(8L));
      assertThat(run.values()).isEqualTo(saved);
    }
  }

  private void saveAsOlderKeras(RunState state, Path prefix) {
    Map<String, String> renamed = new HashMap<>();
    for (int i = 0; i < state.slots().size(); i++) {
      RunState.Slot slot = state.slots().get(i);
      renamed.put(
          key(CheckpointKeys.kerasSlot(i)), key(CheckpointKeys.slot(slot.of(), slot.name())));
    }
    renamed.put(key(CheckpointKeys.KERAS_LEARNING_RATE), key("optimizer/decay"));
    List<String> keys = open("ckpt-7").tensors().stream().map(Entry::key).toList();
    String[] names = keys.stream().map(k -> renamed.getOrDefault(k, k)).toArray(String[]::new);
    String[] wholeTensors = new String[names.length];
    Arrays.fill(wholeTensors, "");
    try (EagerSession eager = EagerSession.create();
        BundleTensors values = open("ckpt-7").read(keys)) {
      Ops tf = Ops.create(eager);
      List<Operand<?>> tensors = new ArrayList<>();
      for (int i = 0; i < keys.size(); i++) {
        tensors.add(tf.constantOf((TType) values.get(i)));
      }
      tf.train.save(
          tf.constant(prefix.toString()), tf.array(names), tf.array(wholeTensors), tensors);
    }
  }

  @Test
  void partialDoesNotAcceptAFileWithoutAnythingOfTheEncoder() {
    save(Form.LARS.filters(8), 7);
    try (TinyRun run = new TinyRun(Form.LARS)) {
      assertThatThrownBy(
              () -> run.saver.restore(run.session, open("ckpt-7"), Scope.MODEL_ONLY, true))
          .hasMessageContaining("nothing of the encoder fits");
    }
  }

  @Test
  void aTornFileIsFoundWhileItIsRestored() throws IOException {
    save(Form.LARS, 7);
    CheckpointFile file = open("ckpt-7");
    Path data = dir.resolve("ckpt-7.data-00000-of-00001");
    Files.write(data, Arrays.copyOf(Files.readAllBytes(data), 100));
    try (TinyRun run = new TinyRun(Form.LARS)) {
      assertThatThrownBy(() -> run.saver.restore(run.session, file, Scope.ALL, false))
          .hasMessageContaining("ckpt-7.data-00000-of-00001 is damaged at tensor");
    }
  }

  @Test
  void theReportsTableNamesEverythingThatDidNotMatch() {
    save(Form.LARS, 7);
    try (TinyRun run = new TinyRun(Form.LARS.with(OptimizerKind.ADAM).classes(5))) {
      RestoreReport report = run.saver.restore(run.session, open("ckpt-7"), Scope.ALL, true);
      assertThat(report.table().lines())
          .hasSize(1 + 10 + 2 + 5)
          .first()
          .asString()
          .endsWith("ckpt-7: 7 matched, 10 missing, 2 of another shape, 5 unused");
      assertThat(report.table())
          .contains("  missing  " + KERNEL + "/.OPTIMIZER_SLOT/optimizer/v")
          .contains("  unused   " + KERNEL + "/.OPTIMIZER_SLOT/optimizer/Momentum")
          .contains("  shape    " + BIAS + " is float32 (3), expected float32 (5)");
    }
  }

  @Test
  void kerasOptimizersAreWrittenInTheirListForm() {
    save(Form.LARS.with(OptimizerKind.ADAM), 7);
    CheckpointFile file = open("ckpt-7");
    assertThat(file.tensors().stream().map(Entry::path).filter(p -> p.startsWith("optimizer")))
        .hasSize(11)
        .contains("optimizer/_current_learning_rate", "optimizer/_variables/10")
        .doesNotContain("optimizer/_variables/0");
    try (BundleTensors rate = file.read(List.of(key("optimizer/_current_learning_rate")))) {
      assertThat(((TFloat32) rate.get(0)).getFloat()).isEqualTo(0.25f);
    }
  }

  @Test
  void savingBeforeInitialisationIsABugOfOursNotOfTheDisk() {
    try (TinyRun run = new TinyRun(Form.LARS);
        Session fresh = new Session(run.graph)) {
      assertThatThrownBy(() -> run.saver.save(fresh, dir.resolve("ckpt-1")))
          .isInstanceOf(IllegalStateException.class);
    }
    assertThat(Files.exists(dir.resolve("ckpt-1.index"))).isFalse();
  }

  private void save(Form form, long step) {
    try (TinyRun run = new TinyRun(form)) {
      run.fill(step);
      run.saver.save(run.session, dir.resolve("ckpt-" + step));
    }
  }

  private CheckpointFile open(String name) {
    return CheckpointFile.open(dir.resolve(name));
  }
}
