/**
 * Checkpoints as Python's {@code tf.train.CheckpointManager} writes and reads them, and the
 * directory of a run.
 */
package simclr.checkpoint;
