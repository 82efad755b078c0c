package simclr.eval.report;

import com.google.common.collect.ImmutableSortedMap;

/**
 * A measure over the steps of a run.
 *
 * @param title what is measured and on which split
 * @param points value by step
 * @param reference a level to compare with, such as what a collapsed or guessing model gets
 * @param referenceLabel what that level is
 * @param percent whether values are shares, 0 to 1, shown in percent
 */
public record Curve(
    String title,
    ImmutableSortedMap<Long, Float> points,
    double reference,
    String referenceLabel,
    boolean percent) {}
