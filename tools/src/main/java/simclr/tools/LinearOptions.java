package simclr.tools;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.sgd.LinearSgd;

/** Settings of {@code probe linear}. */
@Command
final class LinearOptions implements ProbeCommand.ProtocolOptions {
  @Option(
      names = "--train_epochs",
      paramLabel = "<int>",
      description = "Epochs to train for. Default: ${DEFAULT-VALUE}.")
  private int epochs = LinearSgd.standard().epochs();

  @Option(
      names = "--train_batch_size",
      paramLabel = "<int>",
      description = "Examples a step, all where there are fewer. Default: ${DEFAULT-VALUE}.")
  private int batchSize = LinearSgd.standard().batchSize();

  @Option(
      names = "--learning_rate",
      paramLabel = "<double>",
      description = "Base learning rate, times batch / 256. Default: ${DEFAULT-VALUE}.")
  private double learningRate = LinearSgd.standard().learningRate();

  @Option(
      names = "--warmup_epochs",
      paramLabel = "<double>",
      description = "Epochs of linear warm-up. Default: ${DEFAULT-VALUE}.")
  private double warmupEpochs = LinearSgd.standard().warmupEpochs();

  @Option(
      names = "--momentum",
      paramLabel = "<double>",
      description = "Nesterov's. Default: ${DEFAULT-VALUE}.")
  private double momentum = LinearSgd.standard().momentum();

  @Option(
      names = "--standardize",
      description =
          "Bring every feature to mean 0 and deviation 1, so that the rate suits them all; the"
              + " reference does not.")
  private boolean standardize;

  @Override
  public String name() {
    return "linear";
  }

  @Override
  public Protocol protocol() {
    return new LinearSgd(epochs, batchSize, learningRate, warmupEpochs, momentum, standardize);
  }
}
