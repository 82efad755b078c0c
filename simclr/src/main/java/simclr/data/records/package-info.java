/** The examples of a split: where they are, how a graph reads one, and parts of them. */
@org.jspecify.annotations.NullMarked
package simclr.data.records;
