package simclr.eval.published;

/**
 * A row of the paper's ablations.
 *
 * @param ablation what was varied
 * @param setting to what
 * @param quantity what was measured
 * @param value in the quantity's unit, or words
 * @param source where it stands
 * @param verified whether it was read there
 */
public record Ablation(
    String ablation,
    String setting,
    String quantity,
    String value,
    String source,
    Verified verified) {}
