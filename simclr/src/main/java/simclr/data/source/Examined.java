package simclr.data.source;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import simclr.data.records.BrokenExample;
import simclr.data.records.Split;

/**
 * A split as {@link DataSource#examine} finds it.
 *
 * @param examples how many it should have
 * @param usable those that only the decoder can still fail at; empty if there are none
 * @param broken all others
 */
public record Examined(
    long examples, Optional<Split> usable, ImmutableList<BrokenExample> broken) {}
