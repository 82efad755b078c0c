package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How well scores name the one class of each example.
 *
 * <p>Equal scores are ordered as TensorFlow's {@code top_k} and {@code argmax} order them: the
 * lower class index first. Rows are taken one at a time ({@link #over}, {@link Tally#add}) and not
 * kept.
 */
public final class ClassificationMetrics implements TestMetrics {
  private static final int TOP = 5;

  private final ImmutableList<String> classNames;
  private final ImmutableList<ImmutableLongArray> confusion;
  private final Predictions predictions;

  private ClassificationMetrics(
      ImmutableList<String> classNames,
      ImmutableList<ImmutableLongArray> confusion,
      Predictions predictions) {
    this.classNames = classNames;
    this.confusion = confusion;
    this.predictions = predictions;
  }

  /**
   * Measures whole score rows.
   *
   * @param scores shape (examples, classes), logits or probabilities
   * @param labels class of each row
   * @param classNames by class index
   * @throws IllegalArgumentException for a label outside the classes, or a score that is NaN
   */
  public static ClassificationMetrics of(float[][] scores, int[] labels, List<String> classNames) {
    checkArgument(
        scores.length == labels.length,
        "scores has %s rows, expected %s as there are labels",
        scores.length,
        labels.length);
    Tally tally = over(classNames);
    for (int i = 0; i < labels.length; i++) {
      tally.add(scores[i], labels[i]);
    }
    return tally.finish();
  }

  /**
   * The measures of answers that are known already.
   *
   * @param predictions at least one
   * @param classNames by class index
   */
  public static ClassificationMetrics ofPredictions(
      Predictions predictions, List<String> classNames) {
    checkArgument(!predictions.rows().isEmpty(), "there must be an example to measure");
    long[][] counts = new long[classNames.size()][classNames.size()];
    predictions.rows().forEach(row -> counts[row.label()][row.predicted()]++);
    return new ClassificationMetrics(
        ImmutableList.copyOf(classNames),
        Arrays.stream(counts)
            .map(ImmutableLongArray::copyOf)
            .collect(ImmutableList.toImmutableList()),
        predictions);
  }

  /** Starts measuring rows that come one by one. */
  public static Tally over(List<String> classNames) {
    return new Tally(ImmutableList.copyOf(classNames));
  }

  /** Whether top-5 says anything about so many classes: every label is among five of five. */
  public static boolean topFiveMeansSomething(int classes) {
    return classes > TOP;
  }

  public ImmutableList<String> classNames() {
    return classNames;
  }

  /** Share of examples whose best score is that of their class. */
  public Accuracy top1() {
    return predictions.top1();
  }

  /** Share whose class is among the best five; empty with five or fewer classes. */
  public Optional<Accuracy> top5() {
    return predictions.top5();
  }

  /** Mean recall, 0 to 1, of the classes that occur in the split: each counts the same. */
  public double meanPerClass() {
    return perClass().stream()
        .filter(row -> row.examples() > 0)
        .mapToDouble(row -> (double) row.correct() / row.examples())
        .average()
        .orElseThrow();
  }

  /** One row for each class, in their order; also those without an example. */
  public ImmutableList<ClassCount> perClass() {
    return IntStream.range(0, classNames.size())
        .mapToObj(
            c ->
                new ClassCount(
                    classNames.get(c),
                    confusion.get(c).stream().sum(),
                    confusion.get(c).get(c),
                    confusion.stream().mapToLong(row -> row.get(c)).sum()))
        .collect(ImmutableList.toImmutableList());
  }

  /** Counts of examples: a row for each true class, in it the classes that were named. */
  public ImmutableList<ImmutableLongArray> confusion() {
    return confusion;
  }

  /** What was answered to each example, in the order they came. */
  public Predictions predictions() {
    return predictions;
  }

  @Override
  public String figure() {
    return "top_1";
  }

  @Override
  public String figureName() {
    return "top-1";
  }

  @Override
  public double value() {
    return top1().value();
  }

  /**
   * Adds {@code top_1} to {@code interval_method}; {@code top_5} is null where it means nothing.
   */
  @Override
  public void addFigures(ObjectNode json, long seed) {
    Bootstrap bootstrap = Bootstrap.seeded(seed);
    json.put("top_1", top1().value());
    json.put("top_5", top5().map(Accuracy::value).orElse(null));
    json.put("mean_per_class", meanPerClass());
    ObjectNode interval = json.putObject("interval");
    RecordedMetrics.addBounds(interval, "top_1", top1().interval());
    top5().ifPresent(top5 -> RecordedMetrics.addBounds(interval, "top_5", top5.interval()));
    RecordedMetrics.addBounds(
        interval, "mean_per_class", bootstrap.ofMeanPerClass(predictions, classNames.size()));
    json.put(
        "interval_method",
        "95 %: Wilson for top_1 and top_5; mean_per_class: " + bootstrap.method());
  }

  /** Adds {@code per_class} and {@code confusion}, whose rows are the true classes. */
  @Override
  public void addTables(ObjectNode json) {
    ArrayNode rows = json.putArray("per_class");
    perClass()
        .forEach(
            row ->
                rows.addObject()
                    .put("class", row.name())
                    .put("examples", row.examples())
                    .put("correct", row.correct()));
    ArrayNode counts = json.putArray("confusion");
    confusion.forEach(row -> row.forEach(counts.addArray()::add));
  }

  @Override
  public String headline(JsonNode record) {
    ConfidenceInterval interval = top1().interval();
    return String.format(
        Locale.ROOT,
        "top-1 %.2f %% (%d of %d test examples, 95 %% interval %.2f to %.2f %%)%s",
        100 * value(),
        top1().correct(),
        top1().total(),
        100 * interval.low(),
        100 * interval.high(),
        top5()
            .map(top5 -> String.format(Locale.ROOT, ", top-5 %.2f %%", 100 * top5.value()))
            .orElse(""));
  }

  @Override
  public String answersFile() {
    return Predictions.FILE;
  }

  @Override
  public void writeAnswers(Path directory) {
    predictions.write(directory.resolve(answersFile()));
  }

  /** Counts answers as they come. Not thread-safe. */
  public static final class Tally {
    private final ImmutableList<String> classNames;
    private final long[][] confusion;
    private final ImmutableList.Builder<Predictions.Row> rows = ImmutableList.builder();

    private Tally(ImmutableList<String> classNames) {
      checkArgument(!classNames.isEmpty(), "classNames must not be empty");
      this.classNames = classNames;
      this.confusion = new long[classNames.size()][classNames.size()];
    }

    /**
     * Counts the next example.
     *
     * @param scores one for each class
     * @throws IllegalArgumentException for a label outside the classes, or a score that is NaN
     */
    public void add(float[] scores, int label) {
      int classes = classNames.size();
      checkArgument(scores.length == classes, "%s scores, expected %s", scores.length, classes);
      checkArgument(0 <= label && label < classes, "label (%s) must be in [0, %s)", label, classes);
      int best = 0;
      int before = 0;
      for (int c = 0; c < classes; c++) {
        checkArgument(!Float.isNaN(scores[c]), "score of class %s is NaN, expected a number", c);
        if (scores[c] > scores[best]) {
          best = c;
        }
        if (scores[c] > scores[label] || (scores[c] == scores[label] && c < label)) {
          before++;
        }
      }
      confusion[label][best]++;
      Optional<Boolean> inTop =
          topFiveMeansSomething(classes) ? Optional.of(before < TOP) : Optional.empty();
      rows.add(new Predictions.Row(label, best, inTop));
    }

    /** The measures of what was added, at least one example. */
    public ClassificationMetrics finish() {
      Predictions predictions = new Predictions(rows.build());
      checkArgument(!predictions.rows().isEmpty(), "there must be an example to measure");
      ImmutableList.Builder<ImmutableLongArray> counts = ImmutableList.builder();
      for (long[] row : confusion) {
        counts.add(ImmutableLongArray.copyOf(row));
      }
      return new ClassificationMetrics(classNames, counts.build(), predictions);
    }
  }
}
