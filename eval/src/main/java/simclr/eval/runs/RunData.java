package simclr.eval.runs;

import java.util.Optional;
import java.util.OptionalLong;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.data.records.Split;
import simclr.data.source.DataSource;

/**
 * The data of a run, if they are still there.
 *
 * @param train what it was trained on
 * @param test what it is evaluated on
 * @param missing why one of them is not available, as a sentence; empty if both are there
 */
record RunData(Optional<Split> train, Optional<Split> test, Optional<String> missing) {

  /** Looks for the data that the flags name. */
  static RunData of(RunConfig config) {
    try {
      DataSource source = DataSource.of(config);
      Split train = source.open(config.trainSplit());
      try {
        return new RunData(
            Optional.of(train), Optional.of(source.open(config.evalSplit())), Optional.empty());
      } catch (UserException e) {
        return new RunData(Optional.of(train), Optional.empty(), reason(e));
      }
    } catch (UserException e) {
      return new RunData(Optional.empty(), Optional.empty(), reason(e));
    }
  }

  /** Without flags nobody knows which data it was. */
  static RunData unknown() {
    return new RunData(
        Optional.empty(), Optional.empty(), Optional.of("there is no flags.json to name them"));
  }

  OptionalLong trainExamples() {
    return train.map(split -> OptionalLong.of(split.examples())).orElse(OptionalLong.empty());
  }

  OptionalLong testExamples() {
    return test.map(split -> OptionalLong.of(split.examples())).orElse(OptionalLong.empty());
  }

  private static Optional<String> reason(UserException e) {
    return Optional.of(String.valueOf(e.getMessage()));
  }
}
