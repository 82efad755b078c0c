package simclr.eval.study;

import java.util.Optional;
import simclr.eval.metrics.ConfidenceInterval;

/**
 * A contrast as it came out.
 *
 * @param words what was compared
 * @param top1 of the first minus the second, -1 to 1
 * @param interval 95 %, by a bootstrap over the test examples, which both answered
 * @param p of McNemar's exact test
 * @param published the paper's, in points
 */
record Difference(
    String words,
    double top1,
    ConfidenceInterval interval,
    double p,
    Optional<PublishedValue> published) {}
