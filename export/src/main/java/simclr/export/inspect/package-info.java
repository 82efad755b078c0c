/**
 * What a checkpoint, a SavedModel or a hub module holds, and what it would do to the machine, read
 * without executing any of it.
 */
@org.jspecify.annotations.NullMarked
package simclr.export.inspect;
