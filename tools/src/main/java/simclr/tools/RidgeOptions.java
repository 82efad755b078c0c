package simclr.tools;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.ridge.Ridge;

/** Settings of {@code probe ridge}. */
@Command
final class RidgeOptions implements ProbeCommand.ProtocolOptions {
  @Option(
      names = "--shots",
      split = ",",
      paramLabel = "<int>",
      description = "Training examples of each class, as in 1,5,10. Default: all examples.")
  private List<Integer> shots = List.of();

  @Option(
      names = "--draws",
      paramLabel = "<int>",
      description = "Random draws of --shots examples. Default: ${DEFAULT-VALUE}.")
  private int draws = Ridge.standard().draws();

  @Option(
      names = "--l2",
      paramLabel = "<double>",
      description = "Fixes the penalty; without it generalised cross-validation chooses.")
  private Optional<Double> l2 = Optional.empty();

  @Override
  public String name() {
    return "ridge";
  }

  @Override
  public Protocol protocol() {
    return new Ridge(
        ImmutableList.copyOf(shots),
        draws,
        l2.map(OptionalDouble::of).orElse(OptionalDouble.empty()));
  }
}
