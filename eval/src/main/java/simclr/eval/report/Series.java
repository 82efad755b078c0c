package simclr.eval.report;

import com.google.common.collect.ImmutableSortedMap;

/**
 * One line of a {@link LineChart}.
 *
 * @param name of the run, shown with its values
 * @param points value by step; may be empty, and then keeps its colour for charts beside
 */
public record Series(String name, ImmutableSortedMap<Long, Float> points) {}
