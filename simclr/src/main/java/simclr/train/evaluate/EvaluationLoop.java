package simclr.train.evaluate;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.config.Reporter;
import simclr.config.UserException;

/** Evaluates one checkpoint, or each newest of a training that runs elsewhere. */
public final class EvaluationLoop {
  /** As in the reference: checkpoints that come faster are passed over. */
  private static final Duration BETWEEN_EVALUATIONS = Duration.ofSeconds(15);

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

  private EvaluationLoop() {}

  /**
   * Evaluates one checkpoint.
   *
   * @param stop asked between batches
   * @return whether it was done; false if it was stopped
   */
  public static boolean once(
      EvaluationPlan plan,
      CheckpointFile checkpoint,
      Reporter reporter,
      EvaluationListener listener,
      BooleanSupplier stop) {
    try (Evaluation evaluation = Evaluation.of(plan, reporter, listener)) {
      return evaluation.run(checkpoint, stop).isPresent();
    }
  }

  /**
   * Evaluates each newest checkpoint. Ends once one of the training's last step has been evaluated,
   * else never by itself.
   *
   * @param lastStep of the training
   * @param dir of the training; without a checkpoint in it one is waited for
   * @param stop asked all the time
   * @return whether the last was evaluated; false if it was stopped
   */
  public static boolean follow(
      EvaluationPlan plan,
      long lastStep,
      Path dir,
      Reporter reporter,
      EvaluationListener listener,
      BooleanSupplier stop) {
    Optional<Path> evaluated = Optional.empty();
    try (Evaluation evaluation = Evaluation.of(plan, reporter, listener)) {
      while (true) {
        Optional<Path> next = await(dir, evaluated, reporter, stop);
        if (next.isEmpty()) {
          return false;
        }
        long start = System.nanoTime();
        Optional<EvaluationResult> result = evaluate(evaluation, dir, next.get(), stop);
        if (result.isPresent() && result.get().step() >= lastStep) {
          return true;
        }
        evaluated = next;
        pause(start + BETWEEN_EVALUATIONS.toNanos(), stop);
      }
    }
  }

  /** The newest checkpoint once there is one other than {@code evaluated}; empty if stopped. */
  private static Optional<Path> await(
      Path dir, Optional<Path> evaluated, Reporter reporter, BooleanSupplier stop) {
    boolean told = false;
    while (!stop.getAsBoolean()) {
      Optional<Path> newest = ModelDir.latestPrefix(dir);
      if (newest.isPresent() && !newest.equals(evaluated)) {
        return newest;
      }
      if (!told) {
        told = true;
        reporter.line("waiting for a new checkpoint in " + dir);
      }
      pause(System.nanoTime() + BETWEEN_LOOKS.toNanos(), stop);
    }
    return Optional.empty();
  }

  /** Empty if it was stopped, or if the training has deleted the checkpoint meanwhile. */
  private static Optional<EvaluationResult> evaluate(
      Evaluation evaluation, Path dir, Path prefix, BooleanSupplier stop) {
    try {
      return evaluation.run(CheckpointFile.open(prefix), stop);
    } catch (UserException e) {
      if (ModelDir.latestPrefix(dir).equals(Optional.of(prefix))) {
        throw e;
      }
      return Optional.empty();
    }
  }

  private static void pause(long untilNanos, BooleanSupplier stop) {
    try {
      while (!stop.getAsBoolean() && untilNanos - System.nanoTime() > 0) {
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a checkpoint", e);
    }
  }
}
