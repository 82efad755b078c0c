package simclr.eval.record;

import org.jspecify.annotations.Nullable;

/**
 * What was evaluated.
 *
 * @param layer name of the representation
 * @param width of it
 * @param encoder that made it
 * @param evaluated the run whose own classifier it is; null for a probe
 */
public record Representation(
    @Nullable String layer,
    @Nullable Integer width,
    @Nullable EncoderInfo encoder,
    @Nullable CheckpointInfo evaluated) {}
