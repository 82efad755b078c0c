/** Data sets as they lie on a disk or are computed, and what is a split of them. */
@org.jspecify.annotations.NullMarked
package simclr.data.source;
