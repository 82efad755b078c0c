package simclr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;

/** A small student learns from a small teacher, on 64 procedural images. */
@TestInstance(Lifecycle.PER_CLASS)
@org.junit.jupiter.api.Tag("numeric")
final class DistillationTest {
  private final Path root;
  private final Path teacher;

  DistillationTest(@TempDir Path root) {
    this.root = root;
    this.teacher = root.resolve("teacher");
  }

  @BeforeAll
  void trainTheTeacher() {
    assertThat(run(teacher, "train_steps", "12")).isEqualTo(Outcome.DONE);
  }

  @Test
  void studentComesToAgreeWithItsTeacher() {
    Path student = root.resolve("student");
    List<String> told = new ArrayList<>();
    run(
        told,
        student,
        "teacher",
        teacher.toString(),
        "train_steps",
        "24",
        "checkpoint_steps",
        "6",
        // The teacher is all but undecided: at its own rate the student's first choices jump.
        "learning_rate",
        "0.005");
    Map<Long, Float> loss = ScalarHistory.of(student).curve(Tag.DISTILL_LOSS);
    Map<Long, Float> agreement = ScalarHistory.of(student).curve(Tag.DISTILL_AGREEMENT);
    assertThat(loss.get(24L)).isLessThan(loss.get(6L));
    assertThat(agreement.get(24L)).isGreaterThan(agreement.get(6L));
    assertThat(told)
        .anyMatch(line -> line.startsWith("teacher verified: its encoder is that of"))
        .anyMatch(line -> line.startsWith("teacher: ") && line.contains("in inference mode"));
  }

  @Test
  void killedStudentGoesOnBitForBitAndTheTeacherStays() throws IOException {
    byte[] before = Files.readAllBytes(teacher.resolve("ckpt-12.data-00000-of-00001"));
    String[] flags = {
      "teacher",
      teacher.toString(),
      "train_steps",
      "4",
      "checkpoint_steps",
      "2",
      "distill_alpha",
      "0.5",
      "distill_temperature",
      "0.5",
      "label_fraction",
      "0.25"
    };
    Path whole = root.resolve("whole");
    run(whole, flags);
    Path killed = root.resolve("killed");
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(
            () ->
                Run.execute(
                    config(killed, flags),
                    Reporter.lines(line -> {}),
                    () -> {
                      if (asked.incrementAndGet() == 4) {
                        throw new IllegalStateException("killed");
                      }
                      return false;
                    }))
        .hasMessage("killed");
    run(killed, flags);
    String data = "ckpt-4.data-00000-of-00001";
    assertThat(Files.mismatch(killed.resolve(data), whole.resolve(data))).isEqualTo(-1);
    assertThat(Files.readAllBytes(teacher.resolve("ckpt-12.data-00000-of-00001")))
        .isEqualTo(before);
  }

  @Test
  void teacherThatDoesNotServeIsRefused() {
    assertThatThrownBy(() -> run(root.resolve("none"), "teacher", root.resolve("gone").toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--teacher is " + root.resolve("gone"));
    Path headless = root.resolve("headless");
    run(
        headless,
        "train_mode",
        "pretrain",
        "lineareval_while_pretraining",
        "false",
        "train_steps",
        "1");
    assertThatThrownBy(() -> run(root.resolve("none"), "teacher", headless.toString()))
        .hasMessageContaining("has no supervised head");
    assertThatThrownBy(
            () -> run(root.resolve("none"), "teacher", teacher.toString(), "label_fraction", "0.5"))
        .hasMessageContaining("--distill_alpha below 1");
  }

  private static Outcome run(Path dir, String... changes) {
    return run(new ArrayList<>(), dir, changes);
  }

  private static Outcome run(List<String> told, Path dir, String... changes) {
    return Run.execute(config(dir, changes), Reporter.lines(told::add));
  }

  private static RunConfig config(Path dir, String... changes) {
    Map<String, String> flags = new HashMap<>();
    flags.put("model_dir", dir.toString());
    flags.put("train_mode", "finetune");
    flags.put("dataset", "synthetic:size=16");
    flags.put("train_split", "train[:64]");
    flags.put("warmup_epochs", "0");
    flags.put("train_batch_size", "16");
    flags.put("optimizer", "adam");
    flags.put("learning_rate", "0.02");
    flags.put("checkpoint_steps", "12");
    flags.put("image_size", "16");
    flags.put("resnet_depth", "18");
    flags.put("seed", "3");
    for (int i = 0; i < changes.length; i += 2) {
      flags.put(changes[i], changes[i + 1]);
    }
    return RunConfig.of(flags);
  }
}
