/**
 * The command line: one thin class for each command, registered in {@link simclr.tools.Main}.
 *
 * <p>Only this package prints, reads arguments and ends the process. A command parses its options,
 * calls one method of a library module and prints what came back.
 */
package simclr.tools;
