package simclr.eval.study;

import com.google.common.primitives.Doubles;
import java.util.Optional;
import java.util.function.Predicate;
import simclr.eval.published.PublishedTables;
import simclr.eval.published.Verified;

/**
 * The paper's value for one choice of a study, or for the difference of two.
 *
 * @param text as published
 * @param source where it stands
 * @param verified whether it was read there
 */
record PublishedValue(String text, String source, Verified verified) {

  /**
   * Finds a value of an ablation.
   *
   * @param quantity that the row must be of
   */
  static Optional<PublishedValue> of(String ablation, String setting, Predicate<String> quantity) {
    return PublishedTables.ablations().stream()
        .filter(row -> row.name().equals(ablation))
        .filter(row -> row.setting().equals(setting))
        .filter(row -> quantity.test(row.metric()))
        .findFirst()
        .map(row -> new PublishedValue(row.value(), row.source(), row.verified()));
  }

  /** Finds the gain that a contrast names; empty where the study names no ablation. */
  static Optional<PublishedValue> of(Study study, Contrast contrast) {
    return study
        .published()
        .flatMap(
            ablation ->
                of(ablation, contrast.published(), quantity -> quantity.startsWith("gain ")));
  }

  /** As a number; empty where words were published. */
  Optional<Double> number() {
    return Optional.ofNullable(Doubles.tryParse(text));
  }
}
