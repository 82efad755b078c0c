/** Evaluation protocols on representations that no longer change. */
@org.jspecify.annotations.NullMarked
package simclr.eval.probe;
