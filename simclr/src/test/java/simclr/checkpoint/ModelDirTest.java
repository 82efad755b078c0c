package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.EagerSession;
import org.tensorflow.op.Ops;
import simclr.checkpoint.OtherProcess.Task;
import simclr.checkpoint.Saver.Scope;
import simclr.checkpoint.StateFile.Kept;
import simclr.checkpoint.TinyRun.Form;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.ChildProcess;

final class ModelDirTest {
  private static final int NO_LIMIT = 1 << 20;

  private static TinyRun run;

  private final Path path;
  private final List<String> said = new ArrayList<>();

  ModelDirTest(@TempDir Path temp) {
    path = temp.resolve("model_dir");
  }

  @BeforeAll
  static void start() {
    run = new TinyRun(Form.LARS);
  }

  @AfterAll
  static void stop() {
    run.close();
  }

  @Test
  void keepsTheNewestAndNamesThemOldestFirst() {
    save(2, 1, 2, 3, 4);
    assertThat(files())
        .containsExactlyInAnyOrder(
            ".lock",
            "checkpoint",
            "ckpt-3.index",
            "ckpt-3.data-00000-of-00001",
            "ckpt-4.index",
            "ckpt-4.data-00000-of-00001");
    StateFile state = StateFile.read(path).orElseThrow();
    assertThat(state.latest()).isEqualTo("ckpt-4");
    assertThat(state.kept()).extracting(Kept::name).containsExactly("ckpt-3", "ckpt-4");
  }

  /** Otherwise Python's manager leaves such checkpoints out of its list and never deletes them. */
  @Test
  void timestampsRiseAndLieAboveTheLastPreserved() {
    save(5, 1, 2, 3);
    save(5, 4);
    StateFile state = StateFile.read(path).orElseThrow();
    double last = state.lastPreserved();
    for (Kept kept : state.kept()) {
      assertThat(kept.timestamp()).isGreaterThan(last);
      last = kept.timestamp();
    }
    assertThat(state.kept()).hasSize(4);
  }

  @Test
  void zeroKeepsAll() {
    save(0, 1, 2, 3);
    assertThat(StateFile.read(path).orElseThrow().kept()).hasSize(3);
    assertThat(files()).contains("ckpt-1.index");
  }

  @Test
  void aFreshDirectoryHasNoCheckpoint() {
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      assertThat(dir.latest(said::add)).isEmpty();
    }
    assertThat(ModelDir.latestPrefix(path)).isEmpty();
    assertThat(ModelDir.latestPrefix(path.resolve("absent"))).isEmpty();
    assertThat(said).isEmpty();
  }

  @Test
  void theNewestIsFoundWithoutAWord() {
    save(5, 1, 2);
    assertThat(latestStep()).isEqualTo(2);
    assertThat(ModelDir.latestPrefix(path)).contains(path.resolve("ckpt-2"));
    assertThat(said).isEmpty();
  }

  @Test
  void aTornNewestIsPassedOverAloudAndWrittenAnew() throws IOException {
    save(5, 1, 2, 3);
    flip(path.resolve("ckpt-3.data-00000-of-00001"));
    Files.delete(path.resolve("ckpt-2.data-00000-of-00001"));
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      assertThat(dir.latest(said::add).orElseThrow().step()).isEqualTo(1);
      assertThat(said).hasSize(2);
      assertThat(said.get(0)).contains("ckpt-3", "is damaged at tensor", "trying the one before");
      assertThat(said.get(1)).contains("ckpt-2", "is missing");
      run.fill(3);
      dir.save(run.session, run.saver, 3);
    }
    said.clear();
    assertThat(latestStep()).isEqualTo(3);
    assertThat(StateFile.read(path).orElseThrow().kept())
        .extracting(Kept::name)
        .containsExactly("ckpt-1", "ckpt-3");
    assertThat(said).isEmpty();
  }

  @Test
  void onlyTornCheckpointsAreAnErrorNotAFreshStart() throws IOException {
    save(5, 1);
    flip(path.resolve("ckpt-1.data-00000-of-00001"));
    assertFails(this::latestStep, ExitCode.DATA, "has no whole checkpoint (1 tried)");
  }

  @Test
  void aStateFileThatNamesNothingIsAnError() throws IOException {
    save(5, 1);
    Files.delete(path.resolve("ckpt-1.index"));
    assertFails(this::latestStep, ExitCode.DATA, "has no whole checkpoint");
    assertThat(said.get(0)).contains("ckpt-1.index is missing");
  }

  @Test
  void withoutAStateFileTheCheckpointsThemselvesCount() throws IOException {
    save(5, 9, 10);
    Files.delete(path.resolve("checkpoint"));
    assertThat(latestStep()).isEqualTo(10);
    assertThat(said).singleElement().asString().contains("checkpoint is missing");
    save(2, 11);
    assertThat(StateFile.read(path).orElseThrow().kept())
        .extracting(Kept::name)
        .containsExactly("ckpt-10", "ckpt-11");
  }

  @Test
  void withATornStateFileTheCheckpointsThemselvesCount() throws IOException {
    save(5, 1, 2);
    Files.writeString(path.resolve("checkpoint"), "model_checkpoint_path: \"ckp");
    assertThat(latestStep()).isEqualTo(2);
    assertThat(said).singleElement().asString().contains("line 1: String missing ending quote");
  }

  @Test
  void absoluteNamesAreFoundWhereTheyAreAndAfterTheDirectoryMoved() throws IOException {
    save(5, 1, 2);
    Path state = path.resolve("checkpoint");
    String relative = Files.readString(state);
    Files.writeString(state, relative.replace("ckpt-", path + "/ckpt-"));
    assertThat(latestStep()).isEqualTo(2);
    Files.writeString(state, relative.replace("ckpt-", "/elsewhere/ckpt-"));
    assertThat(latestStep()).isEqualTo(2);
    save(2, 3);
    assertThat(StateFile.read(path).orElseThrow().kept())
        .extracting(Kept::name)
        .containsExactly("ckpt-2", "ckpt-3");
    assertThat(files()).doesNotContain("ckpt-1.index");
    assertThat(said).isEmpty();
  }

  @Test
  void whatAKilledSaveLeavesIsClearedAtTheNextStart() throws IOException {
    save(5, 1);
    Files.createDirectories(path.resolve("ckpt-2_temp/part-00000-of-00001.tempstate123"));
    Files.writeString(path.resolve("ckpt-2_temp/part-00000-of-00001.data"), "half");
    Files.writeString(path.resolve(".checkpoint.4711.tmp"), "model_ch");
    Files.createDirectories(path.resolve("my_temp"));
    assertThat(latestStep()).isEqualTo(1);
    assertThat(files())
        .contains("my_temp")
        .noneMatch(f -> f.contains("ckpt-2") || f.endsWith(".tmp"));
  }

  @Test
  void savingTheStepThatWasRestoredWritesNothing() throws IOException {
    save(5, 1);
    byte[] before = Files.readAllBytes(path.resolve("checkpoint"));
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      dir.latest(said::add);
      dir.save(run.session, run.saver, 1);
    }
    assertThat(Files.readAllBytes(path.resolve("checkpoint"))).isEqualTo(before);
  }

  @Test
  void theDirectoryCannotBeLockedTwiceInOneProcess() throws IOException {
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      Path link = path.resolveSibling("link");
      Files.createSymbolicLink(link, dir.path());
      assertFails(() -> ModelDir.lock(path, 5), ExitCode.IN_USE, "in use by this process");
      assertFails(() -> ModelDir.lock(link, 5), ExitCode.IN_USE, "in use by this process");
    }
    ModelDir.lock(path, 5).close();
  }

  @Test
  void theLockIsTheProcesssAndGoesWithIt() throws IOException {
    try (ChildProcess other = OtherProcess.start(Task.HOLD, path, NO_LIMIT)) {
      assertThat(other.line()).isEqualTo(path.toString());
      assertFails(() -> ModelDir.lock(path, 5), ExitCode.IN_USE, "in use by another process (");
      // A failed attempt must not have loosened the other's lock.
      assertFails(() -> ModelDir.lock(path, 5), ExitCode.IN_USE, "in use by another process (");
      other.kill();
      ModelDir.lock(path, 5).close();
    }
  }

  @Test
  void aKillAtAnyMomentLeavesTheNewestNamedCheckpointWhole()
      throws IOException, InterruptedException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 3; i++) {
      Path dir = path.resolve("killed-" + i);
      String printed;
      try (ChildProcess other = OtherProcess.start(Task.SAVE_FOR_EVER, dir, NO_LIMIT)) {
        printed = other.line();
        Thread.sleep(random.nextInt(400));
      }
      try (ModelDir recovered = ModelDir.lock(dir, 2);
          TinyRun expected = new TinyRun(OtherProcess.LARGE);
          TinyRun restored = new TinyRun(OtherProcess.LARGE)) {
        CheckpointFile newest = recovered.latest(said::add).orElseThrow();
        assertThat(said).as("seed %s", seed).isEmpty();
        assertThat(newest.step()).isGreaterThanOrEqualTo(Long.parseLong(printed));
        restored.saver.restore(restored.session, newest, Scope.ALL, false);
        expected.fill(newest.step());
        var values = expected.values();
        values.put("save_counter", List.of(newest.step() + 1));
        assertThat(restored.values()).as("seed %s", seed).isEqualTo(values);
      }
    }
  }

  @Test
  void aFullDiskFailsTheSaveAndKeepsWhatWasThere() throws IOException {
    try (ChildProcess other = OtherProcess.start(Task.SAVE_SMALL_THEN_LARGE, path, 256)) {
      assertThat(other.line())
          .startsWith("CANNOT_WRITE " + path.resolve("ckpt-2") + " cannot be written (")
          .contains("File too large");
    }
    assertThat(latestStep()).isEqualTo(1);
    assertThat(said).isEmpty();
    assertThat(files())
        .containsExactlyInAnyOrder(
            ".lock", "checkpoint", "ckpt-1.index", "ckpt-1.data-00000-of-00001");
  }

  @Test
  void aModelDirThatIsAFileCannotBeWritten() throws IOException {
    Files.writeString(path, "");
    assertFails(() -> ModelDir.lock(path, 5), ExitCode.CANNOT_WRITE, "--model_dir");
  }

  @Test
  void filesAreReplacedAtOnce() throws IOException {
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      dir.write("result.json", new byte[] {1, 2, 3});
      dir.write("result.json", new byte[] {4});
      assertThat(Files.readAllBytes(path.resolve("result.json"))).containsExactly(4);
      assertThat(files()).containsExactlyInAnyOrder(".lock", "result.json");
      Files.createDirectories(path.resolve("taken/x"));
      assertFails(() -> dir.write("taken", new byte[1]), ExitCode.CANNOT_WRITE, "taken");
    }
  }

  @Test
  void aCheckpointIsGivenByPrefixByFileOrByDirectory() {
    save(5, 1, 2);
    for (String given : List.of("ckpt-1", "ckpt-1.index", "ckpt-1.data-00000-of-00001")) {
      assertThat(resolve(path.resolve(given)).step()).isEqualTo(1);
    }
    assertThat(resolve(path).step()).isEqualTo(2);
    assertThat(said).last().isEqualTo("--checkpoint: taking " + path.resolve("ckpt-2"));
  }

  @Test
  void aDirectoryMeansItsNewestWholeCheckpoint() throws IOException {
    save(5, 1, 2);
    flip(path.resolve("ckpt-2.data-00000-of-00001"));
    assertThat(resolve(path).step()).isEqualTo(1);
    assertThat(said).hasSize(2).first().asString().contains("ckpt-2", "is damaged");
    assertFails(() -> resolve(path.resolve("ckpt-2")), ExitCode.DATA, "is damaged");
  }

  @Test
  void whatIsNoCheckpointIsCalledByItsName() throws IOException {
    Files.createDirectories(path.resolve("empty"));
    assertFails(
        () -> resolve(path.resolve("absent")), ExitCode.NO_INPUT, "expected a prefix such as");
    assertFails(
        () -> resolve(path.resolve("empty")),
        ExitCode.NO_INPUT,
        "a directory without a checkpoint");
    Files.createDirectories(path.resolve("exported"));
    Files.createFile(path.resolve("exported/saved_model.pb"));
    assertFails(
        () -> resolve(path.resolve("exported")), ExitCode.NO_INPUT, "variables.index is missing");

    Path named = path.resolve("model.ckpt-3");
    try (EagerSession eager = EagerSession.create()) {
      Ops tf = Ops.create(eager);
      tf.train.save(
          tf.constant(named.toString()),
          tf.array("base_model/conv2d/kernel"),
          tf.array(""),
          List.of(tf.constant(1f)));
    }
    assertFails(() -> resolve(named), ExitCode.DATA, "is a TF1 checkpoint (1 tensors");
    Files.writeString(path.resolve("checkpoint"), "model_checkpoint_path: \"model.ckpt-3\"");
    assertFails(() -> resolve(path), ExitCode.DATA, "is a TF1 checkpoint");
  }

  private void save(int keep, long... steps) {
    try (ModelDir dir = ModelDir.lock(path, keep)) {
      for (long step : steps) {
        run.fill(step);
        dir.save(run.session, run.saver, step);
      }
    }
  }

  private long latestStep() {
    try (ModelDir dir = ModelDir.lock(path, 5)) {
      return dir.latest(said::add).orElseThrow().step();
    }
  }

  private CheckpointFile resolve(Path given) {
    return ModelDir.resolve(given.toString(), said::add);
  }

  private List<String> files() {
    return List.of(path.toFile().list());
  }

  private static void flip(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  private static void assertFails(ThrowingCallable call, ExitCode code, String message) {
    assertThatThrownBy(call)
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message)
        .extracting(e -> ((UserException) e).exitCode())
        .isEqualTo(code);
  }
}
