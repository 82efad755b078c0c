package simclr.train;

import com.google.common.collect.ImmutableList;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;

/**
 * Told of every evaluation once its results are written: the place to export what was evaluated.
 */
@FunctionalInterface
public interface EvaluationListener {
  /** For those who only want the results. */
  EvaluationListener NONE = (config, checkpoint, labels) -> {};

  /**
   * Called in the thread of the run, which goes on afterwards.
   *
   * @param config the run's, with its seed
   * @param checkpoint what was evaluated
   * @param labels names of the classes in the order of the logits
   */
  void evaluated(RunConfig config, CheckpointFile checkpoint, ImmutableList<String> labels);
}
