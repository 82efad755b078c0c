package simclr.eval.record;

/**
 * The checkpoint whose own classifier was evaluated.
 *
 * @param path its prefix
 * @param sha256 of its data, in hexadecimal
 * @param step of the training
 */
public record CheckpointInfo(String path, String sha256, long step) {}
