/**
 * The training step as a graph: forward and backward pass of each replica, the update, initial
 * weights.
 */
package simclr.train.graph;
