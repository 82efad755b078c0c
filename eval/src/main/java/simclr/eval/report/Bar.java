package simclr.eval.report;

import simclr.eval.metrics.Accuracy;

/**
 * One of several accuracies that are compared.
 *
 * @param label what was measured
 * @param note one line about it
 * @param highlighted whether this is the one that the others are there to be compared with
 */
public record Bar(String label, String note, Accuracy accuracy, boolean highlighted) {}
