/** Representations of whole splits: what makes them, where they are kept, how they are read. */
@org.jspecify.annotations.NullMarked
package simclr.eval.features;
