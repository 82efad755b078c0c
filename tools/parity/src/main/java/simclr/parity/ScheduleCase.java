package simclr.parity;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import simclr.config.RunConfig;
import simclr.optim.LearningRateSchedule;

/** Files {@code schedule-lr}: from flags to learning rates. */
final class ScheduleCase {

  private ScheduleCase() {}

  static void check(Fields golden, Checks checks) {
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    for (String name :
        List.of(
            "learning_rate_scaling",
            "train_batch_size",
            "learning_rate",
            "train_epochs",
            "warmup_epochs")) {
      flags.put(name, golden.any(name).asText());
    }
    flags.put("train_steps", golden.any("train_steps_flag").asText());
    RunConfig config = golden.runConfig(flags.buildOrThrow());
    LearningRateSchedule schedule = LearningRateSchedule.of(config, golden.integer("num_examples"));

    checks
        .of("total_steps", golden.title())
        .equal("total_steps", schedule.totalSteps(), golden.integer("total_steps"));
    checks
        .of("warmup_steps", golden.title())
        .equal("warmup_steps", schedule.warmupSteps(), golden.integer("warmup_steps"));
    double peak = golden.number("scaled_lr");
    checks
        .of("scaled_lr", golden.title())
        .close("scaled_lr", schedule.peak(), peak, 1e-15 * Math.abs(peak)); // both are doubles

    List<Long> steps = golden.integers("steps");
    golden.checkOutputs(checks, Map.of("lr", rates(schedule, steps)));
  }

  /** The step enters as float32, as in the reference. */
  private static Values rates(LearningRateSchedule schedule, List<Long> steps) {
    float[] completed = new float[steps.size()];
    for (int i = 0; i < completed.length; i++) {
      completed[i] = steps.get(i);
    }
    Shape shape = Shape.of(completed.length);
    return OneOff.get(
        OneOff.run(tf -> Map.of("lr", schedule.build(tf, OneOff.constant(tf, shape, completed)))),
        "lr");
  }
}
