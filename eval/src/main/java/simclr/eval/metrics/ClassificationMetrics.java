package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
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
  static ClassificationMetrics of(float[][] scores, int[] labels, List<String> classNames) {
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

  ImmutableList<String> classNames() {
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
  double meanPerClass() {
    return perClass().stream()
        .filter(row -> row.examples() > 0)
        .mapToDouble(row -> (double) row.correct() / row.examples())
        .average()
        .orElseThrow();
  }

  /** One row for each class, in their order; also those without an example. */
  ImmutableList<ClassResult.Recall> perClass() {
    return IntStream.range(0, classNames.size())
        .mapToObj(
            c ->
                new ClassResult.Recall(
                    classNames.get(c), confusion.get(c).stream().sum(), confusion.get(c).get(c)))
        .collect(ImmutableList.toImmutableList());
  }

  /** Counts of examples: a row for each true class, in it the classes that were named. */
  ImmutableList<ImmutableLongArray> confusion() {
    return confusion;
  }

  /** What was answered to each example, in the order they came. */
  public Predictions predictions() {
    return predictions;
  }

  @Override
  public String figure() {
    return Metric.TOP_1;
  }

  @Override
  public double value() {
    return top1().value();
  }

  @Override
  public Measures measures(long seed) {
    Bootstrap bootstrap = Bootstrap.seeded(seed);
    ImmutableMap.Builder<String, Metric> metrics = ImmutableMap.builder();
    metrics.put(Metric.TOP_1, Metric.of(top1()));
    top5().ifPresent(top5 -> metrics.put(Metric.TOP_5, Metric.of(top5)));
    metrics.put(
        Metric.MEAN_PER_CLASS,
        Metric.of(meanPerClass(), bootstrap.ofMeanPerClass(predictions, classNames.size())));
    return new Measures(
        metrics.buildOrThrow(),
        Optional.of("95 %: Wilson for top_1 and top_5; mean_per_class: " + bootstrap.method()),
        ImmutableList.copyOf(perClass()),
        confusion);
  }

  @Override
  public String headline(Measures measures) {
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
