package simclr.eval.runs;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import simclr.eval.probe.knn.Knn;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.ridge.Ridge;
import simclr.eval.probe.sgd.LinearSgd;
import simclr.eval.published.Evaluation;
import simclr.eval.published.Evaluation.Method;
import simclr.eval.record.EvaluationRecord;

/**
 * What a record means and is compared as. Records tell it themselves; those of earlier versions do
 * not, and their protocols are the ones named here. No protocol needs to be added.
 */
final class KnownProtocols {
  private KnownProtocols() {}

  /** What kind of result the figures are, in a sentence. */
  static String meaning(EvaluationRecord record) {
    String meaning = record.procedure().meaning();
    if (meaning != null) {
      return meaning;
    }
    return switch (record.protocol()) {
      case "linear_sgd" ->
          "Linear classifier trained by SGD on crops and flips of the training images; the encoder"
              + " frozen and in inference mode.";
      case LinearSgd.NAME -> LinearSgd.MEANING;
      case Logreg.NAME -> Logreg.meaning(record.measures().isMultiLabel());
      case Knn.NAME -> Knn.MEANING;
      case Ridge.NAME ->
          Ridge.meaning(
              record.procedure().setting("shots").filter(List.class::isInstance).isPresent());
      default -> "As the protocol's name says; its settings are in result.json.";
    };
  }

  /** The evaluation in the terms of the published tables, without layer and encoder. */
  static Evaluation comparedAs(EvaluationRecord record) {
    String compared = record.procedure().comparedAs();
    if (compared != null) {
      return Evaluation.parse(compared);
    }
    return switch (record.protocol()) {
      case "linear_sgd" -> Evaluation.LINEAR_SGD;
      case LinearSgd.NAME -> Evaluation.of(Method.LINEAR_SGD_FIXED);
      case Logreg.NAME -> Evaluation.LINEAR_LBFGS;
      case Knn.NAME -> neighbours(record);
      default -> Evaluation.parse(record.protocol());
    };
  }

  /** The k that was chosen, or the only one. */
  private static Evaluation neighbours(EvaluationRecord record) {
    Optional<Object> k =
        Optional.ofNullable(record.details().get("k")).or(() -> record.procedure().setting("k"));
    return Knn.comparedAs(
        k.map(KnownProtocols::only).orElse("?"),
        record.procedure().setting("temperature").map(Object::toString));
  }

  private static String only(Object k) {
    return k instanceof Collection<?> several
        ? several.size() == 1 ? String.valueOf(several.iterator().next()) : "?"
        : k.toString();
  }
}
