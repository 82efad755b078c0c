/** A run: training graph, training loop, evaluation loop, progress and result files. */
package simclr.train;
