/** Logistic regression by L-BFGS. */
@org.jspecify.annotations.NullMarked
package simclr.eval.probe.logistic;
