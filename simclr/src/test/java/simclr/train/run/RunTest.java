package simclr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.base.Splitter;
import com.google.protobuf.ByteString;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.FlagsFile;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.summary.EventFiles;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;

/** Whole runs of a small encoder on 24 tiny images: 6 steps an epoch, 5 in all. */
@TestInstance(Lifecycle.PER_CLASS)
@org.junit.jupiter.api.Tag("numeric")
final class RunTest {
  /** Where the compressed pixels of a PNG begin: behind signature, IHDR and the head of IDAT. */
  private static final int PNG_PIXELS = 41;

  private final Path root;
  private final Path undisturbed;
  private final List<String> toldUndisturbed = new ArrayList<>();
  private final List<String> told = new ArrayList<>();

  RunTest(@TempDir Path root) {
    this.root = root;
    this.undisturbed = root.resolve("undisturbed");
  }

  @BeforeAll
  void train() {
    Outcome outcome = Run.execute(config(undisturbed), Reporter.lines(toldUndisturbed::add));
    assertThat(outcome).isEqualTo(Outcome.DONE);
  }

  @Test
  void runStopsAtItsLastStepWithACheckpointThere() throws IOException {
    assertThat(checkpoints(undisturbed)).containsExactly("ckpt-3", "ckpt-5");
    assertThat(CheckpointFile.open(undisturbed.resolve("ckpt-5")).step()).isEqualTo(5);
    assertThat(toldUndisturbed)
        .contains("Completed: 3 / 5 steps", "Completed: 5 / 5 steps")
        .anyMatch(line -> line.startsWith("Step: [5] train/contrast_loss = "))
        .anyMatch(line -> line.contains("3x3 stride 1, no pooling"))
        .anyMatch(line -> line.contains("weight decay and layer adaptation"))
        .anyMatch(line -> line.contains("6 steps per epoch, 5 steps in all"));
  }

  @Test
  void summariesAreThoseOfTheReferenceInItsOrder() throws IOException {
    List<String> written = new ArrayList<>();
    for (Event event : EventFiles.read(eventFile(undisturbed))) {
      event
          .getSummary()
          .getValueList()
          .forEach(v -> written.add(event.getStep() + " " + v.getTag()));
    }
    List<String> round =
        List.of(
            "image",
            "train/weight_decay",
            "train/total_loss",
            "train/contrast_loss",
            "train/contrast_acc",
            "train/contrast_entropy",
            "train/supervised_loss",
            "train/supervised_acc",
            "learning_rate");
    assertThat(written)
        .containsExactlyElementsOf(
            Stream.of(3, 5).flatMap(step -> round.stream().map(tag -> step + " " + tag)).toList());
    Summary.Value image = EventFiles.read(eventFile(undisturbed)).get(1).getSummary().getValue(0);
    assertThat(image.getTensor().getStringValList())
        .hasSize(5)
        .startsWith(ByteString.copyFromUtf8("8"), ByteString.copyFromUtf8("8"));
    assertThat(image.getTensor().getStringVal(4).toStringUtf8()).contains("PNG");
  }

  @Test
  void onlineNeighboursAreWrittenAndChangeNoBit() throws IOException {
    Path watched = root.resolve("watched");
    told.clear();
    run(watched, "online_knn_epochs", "1", "train_batch_size", "8", "train_steps", "6");
    Path unwatched = root.resolve("unwatched");
    run(unwatched, "train_batch_size", "8", "train_steps", "6");

    assertThat(told)
        .anyMatch(line -> line.startsWith("online kNN: 20 neighbours by cosine of h among 24"))
        .anyMatch(line -> line.startsWith("Step: [3] eval/knn_top_1 = "))
        .anyMatch(line -> line.startsWith("Step: [6] eval/knn_top_1 = "));
    assertThat(ScalarHistory.of(watched).curve(Tag.KNN_TOP_1)).containsOnlyKeys(3L, 6L);
    assertThat(ScalarHistory.of(unwatched).curve(Tag.KNN_TOP_1)).isEmpty();
    String data = "ckpt-6.data-00000-of-00001";
    assertThat(Files.mismatch(watched.resolve(data), unwatched.resolve(data))).isEqualTo(-1);
  }

  @Test
  void killedRunGoesOnBitForBit() throws IOException {
    Path killed = root.resolve("killed");
    AtomicInteger asked = new AtomicInteger();
    BooleanSupplier kill =
        () -> {
          if (asked.incrementAndGet() == 5) {
            throw new IllegalStateException("killed");
          }
          return false;
        };
    assertThatThrownBy(() -> Run.execute(config(killed), reporter(), kill)).hasMessage("killed");
    assertThat(checkpoints(killed)).containsExactly("ckpt-3");

    assertThat(run(killed)).isEqualTo(Outcome.DONE);

    String data = "ckpt-5.data-00000-of-00001";
    assertThat(Files.mismatch(killed.resolve(data), undisturbed.resolve(data))).isEqualTo(-1);
  }

  @Test
  void interruptedRunSavesWhereItIsAndGoesOnBitForBit() throws IOException {
    Path interrupted = root.resolve("interrupted");
    AtomicInteger asked = new AtomicInteger();
    BooleanSupplier stop = () -> asked.incrementAndGet() >= 3;
    assertThat(Run.execute(config(interrupted), reporter(), stop)).isEqualTo(Outcome.INTERRUPTED);
    assertThat(checkpoints(interrupted)).containsExactly("ckpt-2");

    assertThat(run(interrupted)).isEqualTo(Outcome.DONE);

    assertThat(checkpoints(interrupted)).containsExactly("ckpt-2", "ckpt-3", "ckpt-5");
    assertSameModel(interrupted.resolve("ckpt-5"), undisturbed.resolve("ckpt-5"));
  }

  @Test
  void finishedDirectoryIsSaidToBeFinishedAndIsEvaluated() throws IOException {
    told.clear();
    assertThat(run(undisturbed, "mode", "train_then_eval")).isEqualTo(Outcome.DONE);

    assertThat(told)
        .anyMatch(line -> line.contains("is at step 5 of 5"))
        .anyMatch(line -> line.startsWith("Step: [5] eval/label_top_1_accuracy"));
    String result = Files.readString(undisturbed.resolve("result.json"));
    assertThat(result)
        .matches(
            "\\{\"eval/regularization_loss\":[0-9.E-]+,\"eval/label_top_1_accuracy\":0\\.\\d+,"
                + "\"eval/label_top_5_accuracy\":[01]\\.\\d+,\"global_step\":5\\.0}");
    assertThat(Files.readString(undisturbed.resolve("result_5.json"))).isEqualTo(result);
    assertThat(FlagsFile.read(undisturbed).orElseThrow().seed()).contains(11L);

    Files.delete(undisturbed.resolve("result.json"));
    assertThat(run(undisturbed, "mode", "eval")).isEqualTo(Outcome.DONE);
    assertThat(Files.readString(undisturbed.resolve("result.json"))).isEqualTo(result);
  }

  @Test
  void fineTuningTakesTheWeightsAndZeroesTheHead() {
    told.clear();
    Path finetuned = root.resolve("finetuned");
    Outcome outcome =
        run(
            finetuned,
            "train_mode",
            "finetune",
            "fine_tune_after_block",
            "4",
            "checkpoint",
            undisturbed.toString(),
            "zero_init_logits_layer",
            "true",
            "optimizer",
            "momentum",
            "learning_rate",
            "0",
            "train_steps",
            "1");
    assertThat(outcome).isEqualTo(Outcome.DONE);
    assertThat(told).anyMatch(line -> line.contains("set to zero"));
    try (BundleTensors head =
        CheckpointFile.open(finetuned.resolve("ckpt-1"))
            .read(
                List.of(
                    "model/supervised_head/linear_layer/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE"))) {
      ((TFloat32) head.get(0)).scalars().forEach(value -> assertThat(value.getFloat()).isZero());
    }
  }

  @Test
  void otherSeedCannotGoOn() {
    assertThatThrownBy(() -> run(undisturbed, "seed", "12", "train_steps", "7"))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining("has seed 11");
  }

  @Test
  void directoryInUseIsLeftAlone() {
    Path used = root.resolve("used");
    try (ModelDir held = ModelDir.lock(used, 5)) {
      assertThatThrownBy(() -> run(held.path()))
          .isInstanceOfSatisfying(
              UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.IN_USE));
    }
  }

  @Test
  void divergedRunKeepsTheLastGoodCheckpoint() throws IOException {
    Path diverged = root.resolve("diverged");
    assertThatThrownBy(
            () ->
                run(
                    diverged,
                    "learning_rate",
                    "1e16",
                    "warmup_epochs",
                    "0",
                    "checkpoint_steps",
                    "1"))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DIVERGED))
        .hasMessageContaining("gradient norm")
        .hasMessageContaining("ckpt-1");
    assertThat(checkpoints(diverged)).containsExactly("ckpt-1");
  }

  /** The images have no labels, so this also is a pretraining without a probe. */
  @Test
  void imageThatCannotBeDecodedIsNamed() throws IOException {
    Path folder = Files.createDirectories(root.resolve("folder/train"));
    byte[] whole = png();
    for (int i = 0; i < 8; i++) {
      Files.write(folder.resolve(i + ".png"), whole);
    }
    Path altered = folder.resolve("5.png");
    Arrays.fill(whole, PNG_PIXELS, PNG_PIXELS + 4, (byte) 0xff);
    Files.write(altered, whole);
    told.clear();

    assertThatThrownBy(
            () ->
                run(
                    root.resolve("altered"),
                    "dataset",
                    "folder:" + root.resolve("folder"),
                    "train_split",
                    "train"))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessageContaining(altered.toString());
    assertThat(told).anyMatch(line -> line.contains("no linear probe"));
  }

  @Test
  void evaluationWaitsForACheckpointUntilItIsStopped() throws IOException {
    Path empty = Files.createDirectories(root.resolve("empty"));
    AtomicInteger asked = new AtomicInteger();
    told.clear();
    Outcome outcome =
        Run.execute(config(empty, "mode", "eval"), reporter(), () -> asked.incrementAndGet() > 3);
    assertThat(outcome).isEqualTo(Outcome.INTERRUPTED);
    assertThat(told).contains("waiting for a new checkpoint in " + empty);
  }

  @Test
  void evaluationFollowsATrainingThatBeginsLater() throws Exception {
    Path followed = Files.createDirectories(root.resolve("followed"));
    List<String> said = Collections.synchronizedList(new ArrayList<>());
    RunConfig looking = config(followed, "mode", "eval", "train_steps", "1");
    CompletableFuture<Outcome> follower =
        CompletableFuture.supplyAsync(
            () -> Run.execute(looking, Reporter.lines(said::add), () -> false));
    while (!said.contains("waiting for a new checkpoint in " + followed)) {
      Thread.sleep(20);
    }
    assertThat(followed.resolve("result.json")).doesNotExist();
    assertThat(run(followed, "train_steps", "1")).isEqualTo(Outcome.DONE);
    assertThat(follower.get(2, TimeUnit.MINUTES)).isEqualTo(Outcome.DONE);
    assertThat(Files.readString(followed.resolve("result_1.json"))).contains("global_step");
  }

  @Test
  void evaluationOfADirectoryThatIsNotThereIsRefused() {
    assertThatThrownBy(() -> run(root.resolve("mistyped"), "mode", "eval"))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_INPUT));
  }

  @Test
  void missingModelDirIsAUsageError() {
    assertThatThrownBy(() -> Run.execute(RunConfig.defaults(), reporter()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--model_dir");
  }

  private static byte[] png() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB), "png", out);
    return out.toByteArray();
  }

  private Outcome run(Path dir, String... changes) {
    return Run.execute(config(dir, changes), reporter());
  }

  private Reporter reporter() {
    return Reporter.lines(told::add);
  }

  private static RunConfig config(Path dir, String... changes) {
    Map<String, String> flags = new HashMap<>();
    flags.put("model_dir", dir.toString());
    flags.put("dataset", "synthetic");
    flags.put("train_split", "train[:24]");
    flags.put("eval_split", "test[:10]");
    flags.put("train_steps", "5");
    flags.put("warmup_epochs", "0.5");
    flags.put("train_batch_size", "4");
    flags.put("eval_batch_size", "4");
    flags.put("checkpoint_steps", "3");
    flags.put("image_size", "8");
    flags.put("resnet_depth", "18");
    flags.put("use_blur", "false");
    flags.put("seed", "11");
    for (int i = 0; i < changes.length; i += 2) {
      flags.put(changes[i], changes[i + 1]);
    }
    return RunConfig.of(flags);
  }

  private static List<String> checkpoints(Path dir) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".index"))
          .map(name -> name.replace(".index", ""))
          .sorted()
          .toList();
    }
  }

  /** The one of the training; those of evaluations come later. */
  private static Path eventFile(Path dir) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("events."))
          .min(Comparator.comparing(RunTest::number))
          .orElseThrow();
    }
  }

  private static int number(Path eventFile) {
    List<String> parts = Splitter.on('.').splitToList(eventFile.toString());
    return Integer.parseInt(parts.get(parts.size() - 2));
  }

  private static void assertSameModel(Path one, Path other) {
    CheckpointFile first = CheckpointFile.open(one);
    List<String> keys =
        first.tensors().stream().map(Entry::key).filter(k -> k.startsWith("model/")).toList();
    assertThat(keys).hasSizeGreaterThan(100);
    try (BundleTensors a = first.read(keys);
        BundleTensors b = CheckpointFile.open(other).read(keys)) {
      for (int i = 0; i < keys.size(); i++) {
        assertThat(a.get(i)).as(keys.get(i)).isEqualTo(b.get(i));
      }
    }
  }
}
