package simclr.eval.study;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import simclr.eval.metrics.Accuracy;

/**
 * What a run of a study came to.
 *
 * @param name of the run
 * @param accuracy on the test split, by layer that the run's model has
 * @param classes of the test split
 * @param contrastAccuracy share of first views that found their partner, mean of the last round
 * @param contrastEntropy in nats, mean of the last round
 * @param published what the paper reports for the same choice
 */
record StudyRow(
    String name,
    ImmutableMap<String, Accuracy> accuracy,
    int classes,
    Optional<Float> contrastAccuracy,
    Optional<Float> contrastEntropy,
    PublishedRow published) {

  /** The accuracy that counts: of the first layer. */
  Accuracy first() {
    return accuracy.values().iterator().next();
  }
}
