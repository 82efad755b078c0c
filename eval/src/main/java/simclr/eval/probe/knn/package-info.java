/** Nearest neighbours. */
@org.jspecify.annotations.NullMarked
package simclr.eval.probe.knn;
