package simclr.eval.runs;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * The reference's {@code result.json} of a run.
 *
 * @param top1 of the run's own classifier, 0 to 1
 * @param top5 of it
 * @param globalStep of the checkpoint that was evaluated
 * @param protocol null: with one the file is the record of a probe
 */
record ReferenceResult(
    @JsonProperty("eval/label_top_1_accuracy") @Nullable Double top1,
    @JsonProperty("eval/label_top_5_accuracy") @Nullable Double top5,
    @Nullable Double globalStep,
    @Nullable String protocol) {}
