package simclr.tools;

import com.google.common.collect.ImmutableList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.knn.Knn;

/** Settings of {@code probe knn}. */
@Command
final class KnnOptions implements ProbeCommand.ProtocolOptions {
  @Option(
      names = "--k",
      split = ",",
      paramLabel = "<int>",
      description =
          "Numbers of neighbours, in one pass; of several the headline is chosen on validation"
              + " examples, and those larger than the training set are left out. Default:"
              + " 1,5,20,200.")
  private List<Integer> k = Knn.standard().k();

  @Option(
      names = "--weighting",
      paramLabel = "exp|uniform",
      description = "Weight of a neighbour's vote: exp(cosine / T), or 1. Default: exp.")
  private Knn.Weighting weighting = Knn.standard().weighting();

  @Option(
      names = "--knn_temperature",
      paramLabel = "<double>",
      description = "T of exp(cosine / T). Default: ${DEFAULT-VALUE}.")
  private double temperature = Knn.standard().temperature();

  @Option(
      names = "--validation_share",
      paramLabel = "<double>",
      description =
          "Part of the training examples to choose k on where there is no validation split."
              + " Default: ${DEFAULT-VALUE}.")
  private double validationShare = Knn.standard().validationShare();

  @Override
  public String name() {
    return "knn";
  }

  @Override
  public Protocol protocol() {
    return new Knn(ImmutableList.copyOf(k), weighting, temperature, validationShare);
  }
}
