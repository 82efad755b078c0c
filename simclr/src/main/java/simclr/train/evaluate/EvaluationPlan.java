package simclr.train.evaluate;

import java.util.Optional;
import simclr.config.RunConfig;
import simclr.data.records.Split;

/**
 * What an evaluation is going to do.
 *
 * @param config flags of the run
 * @param train what was trained on, where the run knows it
 * @param test what is evaluated on
 * @param numClasses of the supervised head
 * @param steps batches of {@code --eval_batch_size}
 */
public record EvaluationPlan(
    RunConfig config, Optional<Split> train, Split test, int numClasses, long steps) {}
