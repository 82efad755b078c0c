package simclr.eval.compare;

import java.util.Optional;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.Predictions;
import simclr.eval.record.StoredEvaluation;

/**
 * Two models' answers to the same examples.
 *
 * @param first of model A
 * @param second of model B, example by example
 */
record Pairing(Predictions first, Predictions second) {

  /**
   * Pairs two evaluations.
   *
   * @throws UserException DATA if they are of different examples
   */
  static Pairing of(StoredEvaluation a, StoredEvaluation b) {
    Predictions first = a.requiredPredictions();
    Predictions second = b.requiredPredictions();
    Optional<String> hash = a.testHash();
    if (hash.isPresent()
        && b.testHash().isPresent()
        && a.testHashOf().equals(b.testHashOf())
        && !hash.equals(b.testHash())) {
      throw new UserException(
          ExitCode.DATA,
          "%s was tested on a split with SHA-256 %s and %s on one with %s, expected the same test"
              + " examples",
          a.path(),
          shortened(hash.get()),
          b.path(),
          shortened(b.testHash().get()));
    }
    if (first.rows().size() != second.rows().size()) {
      throw new UserException(
          ExitCode.DATA,
          "%s answers %s test examples and %s answers %s, expected the same examples",
          a.path(),
          first.rows().size(),
          b.path(),
          second.rows().size());
    }
    for (int i = 0; i < first.rows().size(); i++) {
      if (first.rows().get(i).label() != second.rows().get(i).label()) {
        throw new UserException(
            ExitCode.DATA,
            "%s and %s give example %s the labels %s and %s, expected the same examples in the"
                + " same order",
            a.path(),
            b.path(),
            i,
            first.rows().get(i).label(),
            second.rows().get(i).label());
      }
    }
    return new Pairing(first, second);
  }

  int examples() {
    return first.rows().size();
  }

  /** The labels that occur, in ascending order: as they may be any numbers, not all up to them. */
  int[] classes() {
    return first.rows().stream().mapToInt(Predictions.Row::label).distinct().sorted().toArray();
  }

  private static String shortened(String hash) {
    return hash.length() > 12 ? hash.substring(0, 12) + "..." : hash;
  }
}
