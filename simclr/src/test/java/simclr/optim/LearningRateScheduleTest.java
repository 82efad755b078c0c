package simclr.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;

@Tag("numeric")
final class LearningRateScheduleTest {

  /** Four steps of warm-up to 2, then half a cosine over eight. */
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 0.5",
    "3, 1.5", // a straight line
    "4, 2",
    "6, 1.70710678",
    "8, 1",
    "10, 0.29289322", // 1 + cos of 0, 45, 90 and 135 degrees
    "12, 0",
    "20, 0"
  })
  void rampThenHalfACosine(long step, double rate) {
    LearningRateSchedule schedule = new LearningRateSchedule(2, 4, 12);
    assertThat(schedule.at(step)).isCloseTo(rate, within(1e-8));
    assertThat(inGraph(schedule, step)).isCloseTo((float) rate, within(1e-6f));
  }

  @ParameterizedTest
  @CsvSource({"0, 3", "5, 1.5", "10, 0"})
  void withoutWarmUpItStartsAtThePeak(long step, double rate) {
    LearningRateSchedule schedule = new LearningRateSchedule(3, 0, 10);
    assertThat(schedule.at(step)).isCloseTo(rate, within(1e-8));
    assertThat(inGraph(schedule, step)).isCloseTo((float) rate, within(1e-6f));
  }

  @Test
  void thePeakGrowsWithTheBatchOrItsRoot() {
    // 0.3 * 1024 / 256 and 0.075 * sqrt(1024)
    assertThat(schedule("0.3", "linear").peak()).isCloseTo(1.2, within(1e-12));
    assertThat(schedule("0.075", "sqrt").peak()).isCloseTo(2.4, within(1e-12));
  }

  @Test
  void warmUpAndLengthAreEpochsOfWholeBatches() {
    // 10 * 5000 / 1024 = 48.8; 100 * 5000 / 1024 = 488.3, and a part of a step is one more
    LearningRateSchedule schedule = schedule("0.3", "linear");
    assertThat(schedule.warmupSteps()).isEqualTo(48);
    assertThat(schedule.totalSteps()).isEqualTo(489);
  }

  private static LearningRateSchedule schedule(String rate, String scaling) {
    return LearningRateSchedule.of(
        RunConfig.of(
            Map.of(
                "train_batch_size", "1024",
                "train_epochs", "100",
                "warmup_epochs", "10",
                "learning_rate", rate,
                "learning_rate_scaling", scaling)),
        5000);
  }

  private static float inGraph(LearningRateSchedule schedule, long step) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> rate = schedule.build(tf, tf.constant((float) step));
      try (Session session = new Session(graph);
          Result result = session.runner().fetch(rate).run()) {
        return ((TFloat32) result.get(0)).getFloat();
      }
    }
  }
}
