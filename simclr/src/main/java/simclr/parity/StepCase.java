package simclr.parity;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.function.IntFunction;
import simclr.config.RunConfig;

/**
 * Files {@code step-*}, {@code finetune-*} and {@code two-replica-*}: training steps through the
 * product's training graph, its input replaced by given batches.
 */
final class StepCase implements GoldenCase {

  @Override
  public void check(Fields file, Checks checks) {
    file.text("name");
    file.texts("noise_paths");
    RunConfig config =
        file.runConfig("flags", ImmutableMap.of("replicas", file.any("replicas").asText()));
    int numClasses = file.count("num_classes");
    List<GoldenVariable> variables = GoldenVariable.listOf(file);
    List<Integer> zeroed = file.indices("zeroed", variables.size());
    List<GoldenStep> steps = file.objects("steps").stream().map(GoldenStep::read).toList();
    if (steps.isEmpty()) {
      throw file.error("steps is empty, expected one or more");
    }
    try (Steps run =
        new Steps(config, file.integer("num_examples"), numClasses, steps.get(0).shape())) {
      if (!GoldenVariable.compare(checks, variables, run.specs())) {
        throw file.error(
            "variables are not those of the model that the flags select, so no step can be taken:"
                + " %s",
            checks.firstFailure());
      }
      IntFunction<float[]> start =
          i ->
              zeroed.contains(i)
                  ? new float[Math.toIntExact(variables.get(i).shape().size())]
                  : variables.get(i).start();
      for (int i = 0; i < variables.size(); i++) {
        run.assign(i, start.apply(i));
      }
      run.begin();

      StepChecks after = new StepChecks(checks, run);
      for (int i = 0; i < steps.size(); i++) {
        run.take(file, steps.get(i), numClasses);
        after.check("step " + i, steps.get(i));
      }
      after.checkWithoutGradient(file.indices("no_gradient", variables.size()));
      after.checkUnmoved(
          i -> Values.floats(variables.get(i).shape(), start.apply(i)),
          file.indices("unmoved", variables.size()));
      checks
          .of("global_step_after", "")
          .equal("global step", run.globalStep(), file.integer("global_step_after"));
      checkKeys(file.object("optimizer_keys"), checks, run);
    }
  }

  private static void checkKeys(Fields keys, Checks checks, Steps run) {
    keys.ifAny("rule", keys::text);
    keys.ifAny("slots", keys::integer)
        .ifPresent(
            slots ->
                checks
                    .of("checkpoint keys", "slots")
                    .equal("number of slots", SavedKeys.slots(run.saver()), slots));
    SavedKeys.compare(checks, SavedKeys.of(run.saver()), SavedKeys.listOf(keys, "others"));
    keys.done();
  }
}
