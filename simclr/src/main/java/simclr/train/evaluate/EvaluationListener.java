package simclr.train.evaluate;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;
import simclr.data.records.Split;

/**
 * Told of every evaluation once its results are written: the place to export what was evaluated, or
 * to record more about it.
 */
@FunctionalInterface
public interface EvaluationListener {
  /** For those who only want the results. */
  EvaluationListener NONE = evaluated -> {};

  /**
   * An evaluation.
   *
   * @param config the run's, with its seed
   * @param checkpoint what was evaluated
   * @param step of the checkpoint
   * @param train what was trained on, where the run knows it
   * @param test what was evaluated on
   * @param answers to each example, in the split's order
   * @param duration of the evaluation
   */
  record Evaluated(
      RunConfig config,
      CheckpointFile checkpoint,
      long step,
      Optional<Split> train,
      Split test,
      Answers answers,
      Duration duration) {
    /** Names of the classes in the order of the logits. */
    public ImmutableList<String> labels() {
      return test.labelNames();
    }
  }

  /**
   * What the classifier said.
   *
   * @param labels class of each example
   * @param predicted class of its largest logit, the lower index where two are equal
   * @param ranks how many classes stand before the right one
   */
  record Answers(ImmutableIntArray labels, ImmutableIntArray predicted, ImmutableIntArray ranks) {}

  /** Called in the thread of the run, which goes on afterwards. */
  void evaluated(Evaluated evaluated);

  /** All of these, one after the other. */
  static EvaluationListener all(List<EvaluationListener> listeners) {
    List<EvaluationListener> each = List.copyOf(listeners);
    return evaluated -> each.forEach(listener -> listener.evaluated(evaluated));
  }
}
