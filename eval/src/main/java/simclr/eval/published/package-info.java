/** The numbers that were published, and what each may be compared with. */
@org.jspecify.annotations.NullMarked
package simclr.eval.published;
