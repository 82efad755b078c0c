package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * The 95 % percentile interval of a bootstrap (Efron, 1979): the statistic of many samples of the
 * examples, drawn with replacement.
 *
 * <p>The same seed, number of samples and examples give the same interval.
 *
 * @param seed of the draws
 * @param samples how many, at least 100
 */
public record Bootstrap(long seed, int samples) {
  /** Unless another number is asked for. */
  public static final int SAMPLES = 2000;

  public Bootstrap {
    checkArgument(samples >= 100, "samples (%s) must be >= 100", samples);
  }

  /** So many samples that the interval's ends are known to about a twentieth of its width. */
  public static Bootstrap seeded(long seed) {
    return new Bootstrap(seed, SAMPLES);
  }

  /** How an interval was made, for a record of it. */
  public String method() {
    return String.format(
        Locale.ROOT,
        "percentile bootstrap, %d samples of the test examples, seed %d",
        samples,
        seed);
  }

  /**
   * The interval of a statistic.
   *
   * @param examples how many there are, above 0
   * @param statistic of a sample, given as indices of examples; samples where it is NaN (such as
   *     one that misses every class) are left out
   */
  public ConfidenceInterval interval(int examples, ToDoubleFunction<int[]> statistic) {
    checkArgument(examples > 0, "examples (%s) must be > 0", examples);
    SplittableRandom random = new SplittableRandom(seed);
    int[] sample = new int[examples];
    double[] values = new double[samples];
    for (int s = 0; s < samples; s++) {
      for (int i = 0; i < examples; i++) {
        sample[i] = random.nextInt(examples);
      }
      values[s] = statistic.applyAsDouble(sample);
    }
    double[] sorted = DoubleStream.of(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
    checkArgument(sorted.length > 0, "the statistic must be a number for some sample");
    return new ConfidenceInterval(quantile(sorted, 0.025), quantile(sorted, 0.975));
  }

  /** The interval of the mean of a value that each example has. */
  public ConfidenceInterval ofMean(double[] values) {
    double[] kept = values.clone();
    return interval(
        kept.length, sample -> Arrays.stream(sample).mapToDouble(i -> kept[i]).sum() / kept.length);
  }

  /** The interval of {@link ClassificationMetrics#meanPerClass}. */
  ConfidenceInterval ofMeanPerClass(Predictions predictions, int classes) {
    return interval(
        predictions.rows().size(),
        sample -> {
          long[] examples = new long[classes];
          long[] correct = new long[classes];
          for (int i : sample) {
            Predictions.Row row = predictions.rows().get(i);
            examples[row.label()]++;
            correct[row.label()] += row.correct() ? 1 : 0;
          }
          double sum = 0;
          int seen = 0;
          for (int c = 0; c < classes; c++) {
            if (examples[c] > 0) {
              sum += (double) correct[c] / examples[c];
              seen++;
            }
          }
          return sum / seen;
        });
  }

  /** Between the two nearest of the sorted values, as NumPy and R's type 7 have it. */
  private static double quantile(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
