/** SavedModels that stand in for the released ones, conversion and inspection. */
@org.jspecify.annotations.NullMarked
package simclr.export;
