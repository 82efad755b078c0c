package simclr.parity;

import com.google.common.collect.ImmutableList;
import java.util.function.Predicate;

/**
 * A format of golden files. Which one a file has shows in its fields, not in its name.
 *
 * @param title what reports call it
 * @param matches whether a file has this format
 */
record Kind(String title, Predicate<Fields> matches, GoldenCase check) {

  static final ImmutableList<Kind> ALL =
      ImmutableList.of(
          named("architecture", new ArchitectureCase()),
          named("step", new StepCase()),
          named("finetune", new StepCase()),
          named("two-replica", new StepCase()),
          named("tf1-names", new Tf1NamesCase()),
          named("tf1-forward", new Tf1ForwardCase()),
          named("reference-checkpoint", new ReferenceCheckpointCase()),
          cases("schedule-lr", "scaled_lr", GoldenCase.each(ScheduleCase::check)),
          cases("schedule-steps", "num_train_examples", GoldenCase.each(StepCountsCase::check)),
          cases("lars-optimizer", "config", new OptimizerCase()),
          cases("lars-other-optimizers", "class", new OptimizerCase()),
          cases("loss-contrastive", "hidden_norm", GoldenCase.each(ContrastiveCase::check)),
          cases(
              "loss-contrastive-replicas",
              "batch_per_replica",
              GoldenCase.each(ContrastiveReplicasCase::check)),
          cases("loss-weight-decay", "taken_indices", new WeightDecayCase()),
          cases("augment", "op", GoldenCase.each(AugmentationCase::check)),
          cases(
              "augment-crop-distribution", "samples", GoldenCase.each(CropDistributionCase::check)),
          cases("metrics-eval", "batches", GoldenCase.each(MetricsCases::evaluation)),
          cases("metrics-special", "label", GoldenCase.each(MetricsCases::row)),
          cases("metrics-mean", "values", GoldenCase.each(MetricsCases::mean)),
          cases("loss-supervised", "labels", GoldenCase.each(SupervisedCase::check)));

  /** The format that a file has. */
  static Kind of(Fields file) {
    return ALL.stream()
        .filter(kind -> kind.matches().test(file))
        .findFirst()
        .orElseThrow(
            () ->
                file.error(
                    "this is not a golden file: it has the fields %s, expected a \"kind\" or \"cases\""
                        + " of %s",
                    file.names(), ALL.stream().map(Kind::title).toList()));
  }

  private static Kind named(String title, GoldenCase check) {
    return new Kind(title, file -> file.hasText("kind", title), check);
  }

  /** Files of cases whose first case has {@code field}, which no case of another format has. */
  private static Kind cases(String title, String field, GoldenCase check) {
    return new Kind(title, file -> file.fieldsOfFirstCase().contains(field), check);
  }
}
