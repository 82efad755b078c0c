package simclr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.StepCounts;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;

final class RunPlanTest {
  private static final Split LABELLED = split(64, ImmutableList.of("cat", "dog"));
  private static final Split UNLABELLED = split(64, ImmutableList.of());

  @Test
  void batchLargerThanTheSplitIsRefused() {
    assertRefused(() -> plan(LABELLED, flags("train_batch_size", "65")).check())
        .hasMessage("--train_batch_size is 65, expected at most the 64 images of split train");
  }

  @Test
  void fineTuningWithoutLabelsIsRefused() {
    assertRefused(() -> plan(UNLABELLED, flags("train_mode", "finetune")).check())
        .hasMessageContaining("no labels");
  }

  @Test
  void evaluatingWithoutLabelsIsRefused() {
    assertRefused(() -> plan(UNLABELLED, flags("mode", "train_then_eval")).check())
        .hasMessageContaining("no labels");
  }

  @Test
  void moreEvaluationStepsThanBatchesAreRefused() {
    Map<String, String> flags =
        flags("mode", "train_then_eval", "eval_batch_size", "30", "eval_steps", "4");
    assertRefused(() -> plan(LABELLED, flags).check())
        .hasMessage(
            "--eval_steps is 4, expected at most 3: split train has 64 images in batches of 30");
    flags.put("eval_steps", "3");
    plan(LABELLED, flags).check();
  }

  @Test
  void evaluationOfPretrainingWithoutProbeIsRefusedBeforeDataAreOpened() {
    for (String mode : new String[] {"eval", "train_then_eval"}) {
      RunConfig config =
          RunConfig.of(
              flags("mode", mode, "lineareval_while_pretraining", "false", "dataset", "not_there"));
      assertRefused(() -> RunPlan.of(config, Reporter.lines(line -> {}), () -> false))
          .hasMessageContaining("--mode is " + mode);
    }
  }

  @Test
  void trainingAloneNeedsNoEvaluationSplit() {
    RunConfig config =
        RunConfig.of(
            flags(
                "dataset",
                "synthetic",
                "train_split",
                "train[:64]",
                "eval_split",
                "not_there",
                "train_batch_size",
                "8"));
    RunPlan plan = RunPlan.of(config, Reporter.lines(line -> {}), () -> false);
    assertThat(plan.facts()).contains("# train examples: 64", "# eval examples: 0");
  }

  @Test
  void unlabelledPretrainingSaysThatThereIsNoProbe() {
    RunPlan plan = plan(UNLABELLED, flags());
    plan.check();
    assertThat(plan.warnings()).anyMatch(line -> line.contains("no linear probe"));
  }

  @Test
  void batchOfMoreThanAQuarterOfTheImagesIsWarnedOf() {
    assertThat(plan(LABELLED, flags("train_batch_size", "16")).warnings())
        .noneMatch(line -> line.contains("quarter"));
    assertThat(plan(LABELLED, flags("train_batch_size", "17")).warnings())
        .anyMatch(line -> line.contains("quarter"));
  }

  @Test
  void warmupThatFillsTheRunIsWarnedOf() {
    assertThat(plan(LABELLED, flags("train_epochs", "5", "warmup_epochs", "10")).warnings())
        .anyMatch(line -> line.contains("--warmup_epochs"));
    assertThat(plan(LABELLED, flags("train_epochs", "5", "warmup_epochs", "1")).warnings())
        .noneMatch(line -> line.contains("--warmup_epochs"));
  }

  @Test
  void localStatisticsOfSeveralReplicasAreWarnedOf() {
    assertThat(plan(LABELLED, flags("global_bn", "false", "replicas", "2")).warnings())
        .anyMatch(line -> line.contains("tell views apart"));
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE));
  }

  private static RunPlan plan(Split split, Map<String, String> flags) {
    RunConfig config = RunConfig.of(flags);
    Optional<Split> evaluation =
        config.mode() == RunConfig.Mode.TRAIN ? Optional.empty() : Optional.of(split);
    StepCounts counts = StepCounts.of(config, split.examples(), split.examples());
    return new RunPlan(config, Optional.of(split), evaluation, counts, split.numClasses());
  }

  /** Flags that fit 64 images, with changes by name and value. */
  private static Map<String, String> flags(String... changes) {
    Map<String, String> flags = new HashMap<>(Map.of("train_batch_size", "8"));
    for (int i = 0; i < changes.length; i += 2) {
      flags.put(changes[i], changes[i + 1]);
    }
    return flags;
  }

  private static Split split(int examples, ImmutableList<String> labelNames) {
    long[] labels = new long[examples];
    Arrays.fill(labels, labelNames.isEmpty() ? Records.UNLABELLED : 0);
    return new Split(
        "train",
        examples,
        labelNames,
        new Records.InMemory(
            Collections.nCopies(examples, new byte[12]),
            ImmutableLongArray.copyOf(labels),
            new Encoding.Raw(2, 2, false)));
  }
}
