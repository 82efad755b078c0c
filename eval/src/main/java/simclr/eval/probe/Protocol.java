package simclr.eval.probe;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;

/**
 * A way to measure a representation, with its settings. It owns its name, what its figures mean,
 * and what the record says of it.
 */
public interface Protocol {
  /** As the record calls it. */
  String protocol();

  /** As the command line and directories call it. */
  default String command() {
    return protocol();
  }

  /**
   * Every setting, defaults included, as it is for these sets.
   *
   * @return a record; its components are the members of {@code settings}
   */
  Object settings(FeatureSets sets);

  /** What kind of result its figures are, in a sentence. */
  String meaning(FeatureSets sets);

  /** Whether it measures examples that may belong to several classes or none. */
  default boolean takesMultiLabel() {
    return false;
  }

  /** Whether another seed can give another result. */
  boolean random(FeatureSets sets);

  /**
   * Learns from the training examples and is tested, once.
   *
   * @param seed of all that is random
   * @param progress a file to keep what a kill would lose, and to resume from; empty to keep
   *     nothing
   * @param stop asked now and then
   * @return empty if it was stopped
   */
  Optional<Outcome> run(
      FeatureSets sets,
      long seed,
      Optional<Path> progress,
      Reporter reporter,
      BooleanSupplier stop);
}
