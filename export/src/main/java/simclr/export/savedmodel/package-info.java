/** The SavedModel of a checkpoint: the released module and servable signatures in one. */
@org.jspecify.annotations.NullMarked
package simclr.export.savedmodel;
