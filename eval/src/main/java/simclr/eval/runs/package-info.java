/** What runs left in their directories, as a page and as JSON. */
@org.jspecify.annotations.NullMarked
package simclr.eval.runs;
