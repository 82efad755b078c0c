package simclr.eval.compare;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Locale;

/**
 * McNemar's exact test: if two models are equally good, an example that only one of them gets right
 * falls to either with probability one half.
 *
 * @param bothRight examples
 * @param onlyFirst examples that A alone gets right
 * @param onlySecond examples that B alone gets right
 * @param bothWrong examples
 */
public record McNemar(long bothRight, long onlyFirst, long onlySecond, long bothWrong) {

  /**
   * Counts pairs of answers.
   *
   * @param first whether A answered each example right
   * @param second the same of B
   */
  public static McNemar of(boolean[] first, boolean[] second) {
    checkArgument(first.length == second.length, "%s and %s answers", first.length, second.length);
    long[] counts = new long[4];
    for (int i = 0; i < first.length; i++) {
      counts[(first[i] ? 0 : 2) + (second[i] ? 0 : 1)]++;
    }
    return new McNemar(counts[0], counts[1], counts[2], counts[3]);
  }

  /** A probability for people: small ones by their power of ten. */
  public static String inWords(double probability) {
    return String.format(Locale.ROOT, probability < 1e-4 ? "%.1e" : "%.4f", probability);
  }

  /**
   * The probability of a split of the {@code onlyFirst + onlySecond} examples at least as uneven as
   * this one, to either side (two-sided binomial test).
   */
  public double pValue() {
    long n = onlyFirst + onlySecond;
    long fewer = Math.min(onlyFirst, onlySecond);
    // The terms C(n, k) / 2^n from k = fewer down to 0, each from the one before: where there are
    // tens of thousands the last ones vanish, and the sum stops with them.
    double logTerm = -n * Math.log(2);
    for (long k = 1; k <= fewer; k++) {
      logTerm += Math.log((double) (n - k + 1) / k);
    }
    double term = Math.exp(logTerm);
    double sum = 0;
    for (long k = fewer; k >= 0 && term > 0; k--) {
      sum += term;
      term *= (double) k / (n - k + 1);
    }
    return Math.min(1, 2 * sum);
  }
}
