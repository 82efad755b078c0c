/** Batches for a graph: the order of the examples, decoding, views, batching. */
@org.jspecify.annotations.NullMarked
package simclr.data.pipeline;
