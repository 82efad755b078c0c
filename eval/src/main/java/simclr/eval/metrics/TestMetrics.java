package simclr.eval.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** How well the test examples were answered, and its place in the record of an evaluation. */
public sealed interface TestMetrics permits ClassificationMetrics, MultiLabelMetrics {
  /** The key of the figure that an evaluation is known by, such as {@code top_1}. */
  String figure();

  /** That figure's name for people. */
  String figureName();

  /** That figure, 0 to 1. */
  double value();

  /**
   * Adds all figures and their intervals.
   *
   * @param seed of the bootstrap
   */
  void addFigures(ObjectNode json, long seed);

  /** Adds what concerns each class. */
  void addTables(ObjectNode json);

  /**
   * The figures in words, as in {@code top-1 71.20 % (712 of 1000 test examples, ...)}.
   *
   * @param record to which {@link #addFigures} added
   */
  String headline(JsonNode record);

  /** The name of the file of answers, beside {@code result.json}. */
  String answersFile();

  /**
   * Writes what was answered to each example.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  void writeAnswers(Path directory);
}
