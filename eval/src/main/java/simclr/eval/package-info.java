/** Evaluation protocols on a frozen encoder, and reports. */
@org.jspecify.annotations.NullMarked
package simclr.eval;
