/** Weights from one form into another: TF1 names, TF2 objects, SavedModels, safetensors. */
@org.jspecify.annotations.NullMarked
package simclr.export.convert;
