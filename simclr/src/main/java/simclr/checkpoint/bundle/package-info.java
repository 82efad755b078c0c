/**
 * The files of a checkpoint in TensorFlow's second format, an index and its data, read without
 * TensorFlow: its own reader trusts an index, and one made to harm ends the process.
 */
package simclr.checkpoint.bundle;
