package simclr.parity;

import com.google.common.collect.ImmutableMap;
import com.google.common.math.LongMath;
import java.math.RoundingMode;
import java.util.Map;
import simclr.config.RunConfig;
import simclr.config.StepCounts;

/** Files {@code schedule-steps}: from flags and example counts to step counts. */
final class StepCountsCase {

  private StepCountsCase() {}

  static void check(Fields golden, Checks checks) {
    RunConfig config =
        golden.runConfig(
            ImmutableMap.<String, String>builder()
                .put("train_batch_size", golden.any("train_batch_size").asText())
                .put("train_epochs", golden.any("train_epochs").asText())
                .put("train_steps", golden.any("train_steps_flag").asText())
                .put("checkpoint_epochs", golden.any("checkpoint_epochs").asText())
                .put("checkpoint_steps", golden.any("checkpoint_steps_flag").asText())
                .put("eval_batch_size", golden.any("eval_batch_size").asText())
                .put("eval_steps", golden.any("eval_steps_flag").asText())
                .buildOrThrow());
    StepCounts counts =
        StepCounts.of(
            config, golden.integer("num_train_examples"), golden.integer("num_eval_examples"));
    golden.checkOutputs(
        checks,
        Map.of(
            "train_steps", Values.integer(counts.trainSteps()),
            "epoch_steps", Values.integer(counts.epochSteps()),
            "checkpoint_steps", Values.integer(counts.checkpointSteps()),
            "eval_steps", Values.integer(counts.evalSteps()),
            "final_global_step", Values.integer(endOfLastRound(counts))));
  }

  /**
   * Where the reference ends, which never cuts a round of {@code checkpointSteps}. Our runs stop at
   * {@code trainSteps}; the number is here to hold the counts that it follows from.
   */
  private static long endOfLastRound(StepCounts counts) {
    long rounds =
        LongMath.divide(counts.trainSteps(), counts.checkpointSteps(), RoundingMode.CEILING);
    return rounds * counts.checkpointSteps();
  }
}
