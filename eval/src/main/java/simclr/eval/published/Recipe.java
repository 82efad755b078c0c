package simclr.eval.published;

import com.google.common.collect.ImmutableMap;

/**
 * The hyperparameters of a published experiment.
 *
 * @param id such as {@code v1-pretrain-best}
 * @param stage such as {@code pretrain} or {@code linear eval}
 * @param settings the other columns, by name
 * @param source where they stand
 * @param verified whether they were read there
 */
public record Recipe(
    String id,
    String stage,
    ImmutableMap<String, String> settings,
    String source,
    Verified verified) {}
