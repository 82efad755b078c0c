/** The linear classifier by gradient descent. */
@org.jspecify.annotations.NullMarked
package simclr.eval.probe.sgd;
