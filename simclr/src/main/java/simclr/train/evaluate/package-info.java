/** Evaluation of checkpoints during and after a training, and who is told of it. */
package simclr.train.evaluate;
