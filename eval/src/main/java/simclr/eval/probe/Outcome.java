package simclr.eval.probe;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import java.util.OptionalDouble;
import simclr.eval.features.FeatureSets.Partition;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.ClassificationMetrics;
import simclr.eval.metrics.TestMetrics;
import simclr.eval.published.Evaluation;

/**
 * What a protocol found.
 *
 * @param test measures on the test examples
 * @param tested how many classifiers were measured on them
 * @param partition how training examples were divided; empty where nothing was chosen
 * @param objective value at the end of learning; empty where none is minimised
 * @param l2 the penalty that was taken
 * @param details a record whose components are further members of the evaluation's record
 * @param lines what people are told beside the figures
 * @param comparedAs the evaluation as it is compared with published ones
 */
public record Outcome(
    TestMetrics test,
    int tested,
    Optional<Partition> partition,
    OptionalDouble objective,
    OptionalDouble l2,
    Object details,
    ImmutableList<String> lines,
    Evaluation comparedAs) {

  /** Measures a classifier of examples with one class each. */
  public static ClassificationMetrics measure(
      LinearClassifier classifier, LabelledFeatures examples, Iterable<String> classNames) {
    ClassificationMetrics.Tally tally =
        ClassificationMetrics.over(ImmutableList.copyOf(classNames));
    classifier.score(
        examples, (example, scores) -> tally.add(scores, examples.labels().get(example)));
    return tally.finish();
  }
}
