/** Modules of TF Hub's first format, as the first releases of SimCLR came. */
@org.jspecify.annotations.NullMarked
package simclr.export.hub;
