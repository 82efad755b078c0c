package simclr.eval.metrics;

import java.nio.file.Path;

/** What was answered to the test examples. */
public sealed interface TestMetrics permits ClassificationMetrics, MultiLabelMetrics {
  /** The name of the figure that an evaluation is known by, such as {@link Metric#TOP_1}. */
  String figure();

  /** That figure, 0 to 1. */
  double value();

  /**
   * All figures with their intervals, and what concerns each class.
   *
   * @param seed of the bootstrap
   */
  Measures measures(long seed);

  /**
   * The figures in words, as in {@code top-1 71.20 % (712 of 1000 test examples, ...)}.
   *
   * @param measures from {@link #measures}
   */
  String headline(Measures measures);

  /** The name of the file of answers, beside {@code result.json}. */
  String answersFile();

  /**
   * Writes what was answered to each example.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  void writeAnswers(Path directory);
}
