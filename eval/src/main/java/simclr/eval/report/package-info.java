/** Runs as self-contained HTML pages. */
@org.jspecify.annotations.NullMarked
package simclr.eval.report;
