package simclr.tools;

import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.logistic.Logreg;

/** Settings of {@code probe logreg}. */
@Command
final class LogregOptions implements ProbeCommand.ProtocolOptions {
  @Option(
      names = "--l2",
      paramLabel = "<double>",
      description = "Fixed l2 penalty. Default: the best of --l2_values on validation examples.")
  private Optional<Double> l2 = Optional.empty();

  @Option(
      names = "--l2_values",
      paramLabel = "<int>",
      description = "Number of l2 values tried. Default: ${DEFAULT-VALUE}.")
  private int l2Values = 45;

  @Option(
      names = "--l2_smallest",
      paramLabel = "<double>",
      description = "Smallest l2 tried. Default: ${DEFAULT-VALUE}.")
  private double l2Smallest = 1e-6;

  @Option(
      names = "--l2_largest",
      paramLabel = "<double>",
      description = "Largest l2 tried. Default: ${DEFAULT-VALUE}.")
  private double l2Largest = 1e5;

  @Option(
      names = "--standardize",
      description =
          "Bring every feature to deviation 1, so that the penalty meets all alike; the paper does"
              + " not.")
  private boolean standardize;

  @Option(
      names = "--validation_share",
      paramLabel = "<double>",
      description =
          "Part of the training examples to choose l2 on where there is no validation split."
              + " Default: ${DEFAULT-VALUE}.")
  private double validationShare = 0.2;

  @Option(
      names = "--max_iterations",
      paramLabel = "<int>",
      description = "Most L-BFGS iterations of one fit. Default: ${DEFAULT-VALUE}.")
  private int maxIterations = Logreg.standard().maxIterations();

  @Option(
      names = "--tolerance",
      paramLabel = "<double>",
      description =
          "How far above its minimum the final objective may be (relative tolerance). Default:"
              + " ${DEFAULT-VALUE}.")
  private double tolerance = Logreg.standard().tolerance();

  @Option(
      names = "--sweep_tolerance",
      paramLabel = "<double>",
      description = "Relative tolerance of the fits that choose l2. Default: ${DEFAULT-VALUE}.")
  private double sweepTolerance = Logreg.standard().sweepTolerance();

  @Override
  public String name() {
    return "logreg";
  }

  @Override
  public Protocol protocol() {
    return new Logreg(
        l2.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
        l2Values,
        l2Smallest,
        l2Largest,
        standardize,
        validationShare,
        maxIterations,
        tolerance,
        sweepTolerance);
  }
}
