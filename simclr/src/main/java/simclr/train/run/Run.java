package simclr.train.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.FlagsFile;
import simclr.checkpoint.ModelDir;
import simclr.config.LocalPath;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.RunConfig.Mode;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.inference.EncoderFingerprint;
import simclr.model.SimClrModel;
import simclr.train.evaluate.EvaluationListener;
import simclr.train.evaluate.EvaluationLoop;

/** A whole run, as the reference's program does it: train, evaluate, or one after the other. */
public final class Run {
  private static final AtomicBoolean STOP = new AtomicBoolean();

  private Run() {}

  /**
   * Asks the run of this process to save and return {@link Outcome#INTERRUPTED}. For signal
   * handlers; returns at once.
   */
  public static void requestStop() {
    STOP.set(true);
  }

  /**
   * Does what {@code --mode} and {@code --train_mode} say in {@code --model_dir}. One at a time in
   * a process.
   *
   * @throws UserException for everything that the user can mend
   */
  public static Outcome execute(RunConfig config, Reporter reporter) {
    return execute(config, reporter, EvaluationListener.NONE);
  }

  /**
   * The same.
   *
   * @param listener told of each evaluation
   */
  public static Outcome execute(RunConfig config, Reporter reporter, EvaluationListener listener) {
    try {
      return execute(config, reporter, listener, STOP::get);
    } finally {
      STOP.set(false);
    }
  }

  /**
   * The same.
   *
   * @param stop asked while data are looked for, between steps and between batches
   */
  static Outcome execute(RunConfig config, Reporter reporter, BooleanSupplier stop) {
    return execute(config, reporter, EvaluationListener.NONE, stop);
  }

  private static Outcome execute(
      RunConfig config, Reporter reporter, EvaluationListener listener, BooleanSupplier stop) {
    Path dir = LocalPath.of(config.requiredModelDir(), "--model_dir");
    if (config.mode() == Mode.EVAL && !Files.isDirectory(dir)) {
      throw new UserException(
          ExitCode.NO_INPUT, "--model_dir %s is missing, expected the directory of a run", dir);
    }
    RunPlan plan;
    try {
      plan = RunPlan.of(config, reporter, stop);
    } catch (CancellationException e) {
      return Outcome.INTERRUPTED;
    }
    plan.facts().forEach(reporter::line);
    plan.warnings().forEach(reporter::line);
    if (config.mode() != Mode.EVAL) {
      return train(plan, dir, reporter, listener, stop);
    }
    long lastStep = plan.counts().trainSteps();
    return outcome(
        EvaluationLoop.follow(plan.toEvaluate(), lastStep, dir, reporter, listener, stop));
  }

  private static Outcome train(
      RunPlan given,
      Path dir,
      Reporter reporter,
      EvaluationListener listener,
      BooleanSupplier stop) {
    try (ModelDir modelDir = ModelDir.lock(dir, given.config().keepCheckpointMax())) {
      Optional<CheckpointFile> own = modelDir.latest(reporter::line);
      Outcome outcome = trainIfUnfinished(given, modelDir, own, reporter, stop);
      if (outcome == Outcome.INTERRUPTED) {
        return outcome;
      }
      CheckpointFile last = modelDir.latest(reporter::line).orElseThrow();
      EncoderFingerprint.read(dir).ifPresent(record -> record.requireFrozen(last));
      if (given.config().mode() == Mode.TRAIN) {
        return outcome;
      }
      return outcome(EvaluationLoop.once(given.toEvaluate(), last, reporter, listener, stop));
    }
  }

  private static Outcome outcome(boolean done) {
    return done ? Outcome.DONE : Outcome.INTERRUPTED;
  }

  private static Outcome trainIfUnfinished(
      RunPlan given,
      ModelDir modelDir,
      Optional<CheckpointFile> own,
      Reporter reporter,
      BooleanSupplier stop) {
    long total = given.counts().trainSteps();
    long step = own.map(CheckpointFile::step).orElse(0L);
    if (step >= total) {
      reporter.line(
          String.format(
              Locale.ROOT,
              "nothing to train: %s is at step %d of %d; take another --model_dir or more"
                  + " --train_epochs",
              modelDir.path(),
              step,
              total));
      return Outcome.DONE;
    }
    RunPlan plan = given.withSeed(seed(given.config(), modelDir.path(), own.isPresent(), reporter));
    modelDir.write(FlagsFile.NAME, FlagsFile.content(plan.config()));
    openingLines(plan).forEach(reporter::line);
    return Trainer.train(plan, modelDir, own, reporter, stop);
  }

  private static List<String> openingLines(RunPlan plan) {
    RunConfig config = plan.config();
    return List.of(
        RunBanner.model(
            config, new SimClrModel(config, plan.numClasses()).encoder(), plan.numClasses()),
        RunBanner.schedule(config, plan.counts(), plan.trainSplit().examples()),
        RunBanner.device(config));
  }

  /**
   * The seed of a run that begins is the one given, else the one that was recorded before it was
   * killed ahead of its first checkpoint, else a new one; a run that goes on keeps its own.
   */
  private static long seed(RunConfig config, Path dir, boolean goesOn, Reporter reporter) {
    Optional<FlagsFile> recorded = FlagsFile.read(dir);
    Optional<Long> former = recorded.flatMap(FlagsFile::seed);
    if (goesOn) {
      recorded.map(flags -> flags.differences(config)).orElse(List.of()).stream()
          .map(difference -> "note: since the last run " + difference)
          .forEach(reporter::line);
      if (former.isPresent() && config.seed().isPresent() && !former.equals(config.seed())) {
        throw new UserException(
            ExitCode.USAGE,
            "--seed is %s and the run in %s has seed %s, expected the same or none to go on with"
                + " it",
            config.seed().get(),
            dir,
            former.get());
      }
    }
    return config
        .seed()
        .or(() -> former)
        .orElseGet(() -> ThreadLocalRandom.current().nextLong(1L << 31));
  }
}
