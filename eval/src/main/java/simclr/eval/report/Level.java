package simclr.eval.report;

/**
 * A value to compare a line with, such as what a collapsed or a guessing model gets.
 *
 * @param label what it is
 */
public record Level(double value, String label) {}
