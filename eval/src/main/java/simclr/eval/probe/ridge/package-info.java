/** Ridge regression in closed form. */
@org.jspecify.annotations.NullMarked
package simclr.eval.probe.ridge;
