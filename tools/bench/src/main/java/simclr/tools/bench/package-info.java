/** Measuring points for the programs under {@code tools/bench} and {@code tools/crosscheck}. */
package simclr.tools.bench;
