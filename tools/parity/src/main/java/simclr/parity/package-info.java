/**
 * Replays files of numbers that the reference computed, and says for each number how far the
 * product's own is from it.
 */
package simclr.parity;
