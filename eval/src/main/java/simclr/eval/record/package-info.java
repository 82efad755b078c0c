/** The record of an evaluation: typed, with one reader and one writer. */
@org.jspecify.annotations.NullMarked
package simclr.eval.record;
