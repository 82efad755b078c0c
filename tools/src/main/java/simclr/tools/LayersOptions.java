package simclr.tools;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.knn.Knn;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.ridge.Ridge;
import simclr.eval.probe.sgd.LinearSgd;

/** Settings of {@code probe layers}. */
@Command
final class LayersOptions implements ProbeCommand.ProtocolOptions {
  /** Values of {@code --protocol}. */
  enum Kind {
    LOGREG,
    LINEAR,
    RIDGE,
    KNN
  }

  @Option(
      names = "--protocol",
      paramLabel = "logreg|linear|ridge|knn",
      description = "What is run on each layer, with its defaults. Default: logreg.")
  private Kind kind = Kind.LOGREG;

  @Override
  public String name() {
    return "layers";
  }

  @Override
  public Protocol protocol() {
    return switch (kind) {
      case LOGREG -> Logreg.standard();
      case LINEAR -> LinearSgd.standard();
      case RIDGE -> Ridge.standard();
      case KNN -> Knn.standard();
    };
  }
}
