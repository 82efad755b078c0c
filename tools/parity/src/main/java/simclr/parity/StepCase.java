package simclr.parity;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import simclr.config.RunConfig;
import simclr.model.VariableSpec;

/**
 * Files {@code step-*}, {@code finetune-*} and {@code two-replica-*}: training steps through the
 * product's training graph, its input replaced by given batches.
 */
final class StepCase implements GoldenCase {
  private static final int DRAWS = 8;

  /** Of a step's quantities, what one unit on the other side of a kink can reach. */
  private static final double LOCAL = 0.05;

  /**
   * {@inheritDoc}
   *
   * <p>A step is not continuous: where a unit lies within rounding of ReLU's kink, its gradient
   * jumps, and the reference itself gives either of two outcomes when its images move by an ulp
   * ({@code tools/crosscheck/kink.py} shows it). If a few quantities fail, the step is therefore
   * taken again on images moved by one ulp. An error of ours stays under that; a kink goes. The
   * tolerances are the file's, for all quantities in one draw, and which draw it was is said.
   */
  @Override
  public void check(Fields file, Checks checks) {
    Replay replay = Replay.read(file);
    try (Steps steps = replay.build()) {
      checks.addAll(check(replay, steps));
    }
  }

  private static Checks check(Replay replay, Steps steps) {
    Checks first = replay.run(steps, 0);
    long failures = failures(first);
    Checks best = first;
    if (failures > 0 && failures <= LOCAL * first.verdicts().size()) {
      for (int draw = 1; draw <= DRAWS && failures(best) > 0; draw++) {
        Checks moved = replay.run(steps, draw);
        if (failures(moved) == 0) {
          moved.note(
              String.format(
                  Locale.ROOT,
                  "%d of %d quantities lie beyond a kink of ReLU that rounding decides; with every"
                      + " image value moved by one float32 ulp (draw %d) all hold",
                  failures,
                  first.verdicts().size(),
                  draw));
          best = moved;
        }
      }
    }
    return best;
  }

  private static long failures(Checks checks) {
    return checks.verdicts().stream().filter(quantity -> !quantity.holds()).count();
  }

  /** What a file asks for. */
  private record Replay(
      Fields file,
      RunConfig config,
      int numClasses,
      long examples,
      List<GoldenVariable> variables,
      List<Integer> zeroed,
      List<GoldenStep> steps,
      List<Integer> withoutGradient,
      List<Integer> unmoved,
      long globalStepAfter,
      SavedBeside keys) {

    static Replay read(Fields file) {
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
      return new Replay(
          file,
          config,
          numClasses,
          file.integer("num_examples"),
          variables,
          zeroed,
          steps,
          file.indices("no_gradient", variables.size()),
          file.indices("unmoved", variables.size()),
          file.integer("global_step_after"),
          SavedBeside.read(file.object("optimizer_keys")));
    }

    /** The graph that takes the steps. */
    Steps build() {
      return new Steps(config, examples, numClasses, steps.get(0).shape());
    }

    /** Takes the steps from the start; {@code draw} as {@link GoldenStep#images} has it. */
    Checks run(Steps run, int draw) {
      Checks checks = new Checks();
      List<VariableSpec> specs = run.specs().all();
      if (!GoldenVariable.compare(checks, variables, run.specs())) {
        throw file.error(
            "variables are not those of the model that the flags select, so no step can be taken:"
                + " %s",
            checks.firstFailure());
      }
      run.start(spec -> start(specs.indexOf(spec)));

      StepChecks after = new StepChecks(checks, run);
      for (int i = 0; i < steps.size(); i++) {
        run.take(file, steps.get(i), draw, numClasses);
        after.check("step " + i, steps.get(i));
      }
      after.checkWithoutGradient(withoutGradient);
      after.checkUnmoved(i -> Values.floats(variables.get(i).shape(), start(i)), unmoved);
      checks.of("global_step_after", "").equal("global step", run.globalStep(), globalStepAfter);
      keys.check(checks, run);
      return checks;
    }

    private float[] start(int index) {
      GoldenVariable variable = variables.get(index);
      return zeroed.contains(index)
          ? new float[Math.toIntExact(variable.shape().size())]
          : variable.start();
    }
  }

  /** What a checkpoint holds besides the model. */
  private record SavedBeside(Optional<Long> slots, List<String> others) {

    static SavedBeside read(Fields keys) {
      keys.ifAny("rule", keys::text);
      SavedBeside beside =
          new SavedBeside(keys.ifAny("slots", keys::integer), SavedKeys.listOf(keys, "others"));
      keys.done();
      return beside;
    }

    void check(Checks checks, Steps run) {
      slots.ifPresent(
          number ->
              checks
                  .of("checkpoint keys", "slots")
                  .equal("number of slots", SavedKeys.slots(run.saver()), number));
      SavedKeys.compare(checks, SavedKeys.of(run.saver()), others);
    }
  }
}
