package simclr.config;

import java.util.Optional;
import simclr.config.RunConfig.Flag;

/** Learning from a teacher's answers (SimCLRv2 section 2.3, equations 2 and 3). */
public record Distillation(
    @Flag(
            group = "Objective",
            value = "",
            help =
                "finetune: train on the classes that this model sees in the images: a checkpoint"
                    + " with a supervised head, a run's directory, or a SavedModel.")
        Optional<String> teacher,
    @Flag(group = "Objective", value = "1", help = "Divides the logits of teacher and student.")
        double distillTemperature,
    @Flag(
            group = "Objective",
            value = "1",
            help =
                "Weight of the teacher's answers; the labels, where an image has one, weigh 1 minus"
                    + " this.")
        double distillAlpha) {

  public Distillation {
    RunConfig.check(
        distillTemperature > 0 && Double.isFinite(distillTemperature),
        "--distill_temperature is %s, expected a finite value above 0",
        distillTemperature);
    RunConfig.check(
        distillAlpha > 0 && distillAlpha <= 1,
        "--distill_alpha is %s, expected a value in (0, 1]",
        distillAlpha);
  }
}
