package simclr.eval.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * The examples of an evaluation.
 *
 * @param dataset name of the data set, or of the files
 * @param train that were learnt from
 * @param validation on which settings were chosen, if any were
 * @param test that were answered
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Splits(
    @Nullable String dataset,
    @Nullable SplitInfo train,
    @Nullable SplitInfo validation,
    @Nullable SplitInfo test) {}
