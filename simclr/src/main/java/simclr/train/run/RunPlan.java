package simclr.train.run;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.RunConfig.Mode;
import simclr.config.StepCounts;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.train.evaluate.EvaluationPlan;
import simclr.train.graph.Teacher;

/**
 * What a run is going to do: its data and its steps, with everything refused that can be refused
 * before a model is built.
 *
 * @param train empty where the run only evaluates and knows its steps without it
 * @param evaluation empty where the run does not evaluate
 * @param numClasses of the supervised head; 0 without labels
 * @param teacher whose answers are learnt, if there is one
 */
record RunPlan(
    RunConfig config,
    Optional<Split> train,
    Optional<Split> evaluation,
    StepCounts counts,
    int numClasses,
    Optional<Teacher> teacher) {

  /** A plan without a teacher. */
  RunPlan(
      RunConfig config,
      Optional<Split> train,
      Optional<Split> evaluation,
      StepCounts counts,
      int numClasses) {
    this(config, train, evaluation, counts, numClasses, Optional.empty());
  }

  /**
   * Opens the data and checks the flags against it.
   *
   * @param stop asked while folders and files are looked through
   * @throws UserException if flags and data do not fit together
   * @throws java.util.concurrent.CancellationException if it was stopped
   */
  static RunPlan of(RunConfig config, Reporter reporter, BooleanSupplier stop) {
    boolean trains = config.mode() != Mode.EVAL;
    boolean evaluates = config.mode() != Mode.TRAIN;
    if (evaluates) {
      checkProbe(config);
    }
    DataSource source = DataSource.of(config, stop);
    Optional<Split> evaluation =
        evaluates ? Optional.of(source.open(config.evalSplit())) : Optional.empty();
    Optional<Split> train =
        trains || config.trainSteps() == 0
            ? Optional.of(source.openForTraining(config))
            : Optional.empty();
    train.map(Split::summary).ifPresent(reporter::line);
    evaluation.map(Split::summary).ifPresent(reporter::line);

    StepCounts counts = StepCounts.of(config, examples(train), examples(evaluation));
    Optional<Teacher> teacher = Teacher.of(config, reporter::line);
    int numClasses =
        teacher
            .map(Teacher::numClasses)
            .orElseGet(() -> train.or(() -> evaluation).map(Split::numClasses).orElse(0));
    RunPlan plan = new RunPlan(config, train, evaluation, counts, numClasses, teacher);
    plan.check();
    return plan;
  }

  /**
   * Checks the flags against the data.
   *
   * @throws UserException if they do not fit together
   */
  void check() {
    if (config.mode() != Mode.EVAL) {
      checkTraining(trainSplit());
    }
    evaluation.ifPresent(this::checkEvaluation);
  }

  /** The split that is trained on; only in runs that train. */
  Split trainSplit() {
    return train.orElseThrow();
  }

  /** The part of the plan that is an evaluation; only in runs that evaluate. */
  EvaluationPlan toEvaluate() {
    return new EvaluationPlan(
        config, train, evaluation.orElseThrow(), numClasses, counts.evalSteps());
  }

  /** The same with the seed settled. */
  RunPlan withSeed(long seed) {
    RunConfig seeded = config.with(Map.of("seed", Long.toString(seed)));
    return new RunPlan(seeded, train, evaluation, counts, numClasses, teacher);
  }

  /** Of weights, order and views; only once it is settled. */
  long seed() {
    return config.seed().orElseThrow();
  }

  /** The counts as the reference logs them. */
  List<String> facts() {
    return List.of(
        String.format(Locale.ROOT, "# train examples: %d", examples(train)),
        String.format(Locale.ROOT, "# train_steps: %d", counts.trainSteps()),
        String.format(Locale.ROOT, "# eval examples: %d", examples(evaluation)),
        String.format(Locale.ROOT, "# eval steps: %d", counts.evalSteps()));
  }

  /** What is allowed and probably not meant. */
  List<String> warnings() {
    return Warnings.of(config, counts, examples(train), numClasses);
  }

  private static long examples(Optional<Split> split) {
    return split.map(Split::examples).orElse(0L);
  }

  private static void checkProbe(RunConfig config) {
    if (!config.wantsSupervisedHead()) {
      throw new UserException(
          ExitCode.USAGE,
          "--mode is %s, expected train: there is nothing to evaluate in pretraining with"
              + " --lineareval_while_pretraining=false",
          config.mode().name().toLowerCase(Locale.ROOT));
    }
  }

  private void checkTraining(Split split) {
    if (config.trainBatchSize() > split.examples()) {
      throw new UserException(
          ExitCode.USAGE,
          "--train_batch_size is %s, expected at most the %s images of split %s",
          config.trainBatchSize(),
          split.examples(),
          split.name());
    }
    counts.requireRounds();
    teacher.ifPresent(known -> checkTeacher(known, split));
    if (!config.pretraining() && teacher.isEmpty() && !split.labelled()) {
      throw new UserException(
          ExitCode.USAGE,
          "--train_mode is finetune and split %s has no labels, expected labelled images",
          split.name());
    }
  }

  private void checkTeacher(Teacher known, Split split) {
    if (split.labelled() && split.numClasses() != known.numClasses()) {
      throw new UserException(
          ExitCode.DATA,
          "--teacher knows %s classes and split %s has %s, expected the same ones",
          known.numClasses(),
          split.name(),
          split.numClasses());
    }
    if (config.distillation().distillAlpha() < 1 && !split.labelled()) {
      throw new UserException(
          ExitCode.USAGE,
          "--distill_alpha is %s and split %s has no labels, expected 1 or labelled images",
          config.distillation().distillAlpha(),
          split.name());
    }
    if (config.labelSubset().labelFraction() < 1 && config.distillation().distillAlpha() == 1) {
      throw new UserException(
          ExitCode.USAGE,
          "--label_fraction is %s with --distill_alpha=1, expected --distill_alpha below 1: without"
              + " it no label is looked at",
          config.labelSubset().labelFraction());
    }
  }

  private void checkEvaluation(Split split) {
    if (!split.labelled() || numClasses == 0) {
      throw new UserException(
          ExitCode.USAGE,
          "--mode is %s and split %s has no labels, expected --mode=train or labelled images",
          config.mode().name().toLowerCase(Locale.ROOT),
          split.labelled() ? config.trainSplit() : split.name());
    }
    long batches = (split.examples() + config.evalBatchSize() - 1) / config.evalBatchSize();
    if (counts.evalSteps() > batches) {
      throw new UserException(
          ExitCode.USAGE,
          "--eval_steps is %s, expected at most %s: split %s has %s images in batches of %s",
          counts.evalSteps(),
          batches,
          split.name(),
          split.examples(),
          config.evalBatchSize());
    }
  }
}
