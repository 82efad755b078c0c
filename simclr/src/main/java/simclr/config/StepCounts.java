package simclr.config;

import simclr.config.UserException.ExitCode;

/**
 * The step counts of a run, as the reference derives them from flags and example counts.
 *
 * @param trainSteps updates in all: the flag, or one more than the epochs fill
 * @param epochSteps steps of an epoch, rounded half to even
 * @param checkpointSteps steps between checkpoints
 * @param warmupSteps steps of linear warm-up, rounded down
 * @param evalSteps evaluation batches: the flag, or as many as the split fills, rounded up
 */
public record StepCounts(
    long trainSteps, long epochSteps, long checkpointSteps, long warmupSteps, long evalSteps) {

  public static StepCounts of(RunConfig config, long trainExamples, long evalExamples) {
    int batch = config.trainBatchSize();
    long trainSteps =
        config.trainSteps() > 0
            ? config.trainSteps()
            : trainExamples * config.trainEpochs() / batch + 1;
    long epochSteps = (long) Math.rint((double) trainExamples / batch);
    long checkpointSteps =
        config.checkpointSteps() > 0
            ? config.checkpointSteps()
            : config.checkpointEpochs() * epochSteps;
    long warmupSteps = (long) Math.floor(config.warmupEpochs() * trainExamples / batch);
    long evalSteps =
        config.evalSteps() > 0
            ? config.evalSteps()
            : (evalExamples + config.evalBatchSize() - 1) / config.evalBatchSize();
    return new StepCounts(trainSteps, epochSteps, checkpointSteps, warmupSteps, evalSteps);
  }

  /**
   * The same, refusing a run that would never end a round.
   *
   * @throws UserException if an epoch is shorter than half a batch and no step count is given
   */
  public StepCounts requireRounds() {
    if (checkpointSteps == 0) {
      throw new UserException(
          ExitCode.USAGE,
          "--train_batch_size is more than twice the number of training images, expected fewer"
              + " images per step, or --checkpoint_steps");
    }
    return this;
  }
}
