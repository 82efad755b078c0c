/**
 * Weights as they come: which files hold them, under which names, and of which architecture they
 * are.
 */
@org.jspecify.annotations.NullMarked
package simclr.export.weights;
