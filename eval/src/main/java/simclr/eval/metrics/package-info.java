/** What answers to test examples are worth, and how sure that is. */
@org.jspecify.annotations.NullMarked
package simclr.eval.metrics;
