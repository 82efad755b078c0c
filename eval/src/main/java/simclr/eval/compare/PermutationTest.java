package simclr.eval.compare;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.SplittableRandom;

/**
 * The permutation test of SimCLR's appendix B.8: if two models are equally good, exchanging their
 * answers to any example changes nothing. The test exchanges at random, many times, and counts how
 * often the figures then lie at least as far apart as they do.
 *
 * <p>For top-1 it converges to {@link McNemar} as the number of permutations grows.
 *
 * @param permutations how many random exchanges
 * @param seed of them
 */
public record PermutationTest(int permutations, long seed) {
  /** Unless another number is asked for. */
  public static final int PERMUTATIONS = 100_000;

  public PermutationTest {
    checkArgument(permutations >= 100, "permutations (%s) must be >= 100", permutations);
  }

  /**
   * Tests a figure that is a sum over examples, each with the weight of its group.
   *
   * <p>Examples that both models answer right or wrong cancel out. Among {@code n} others of one
   * group, a random exchange leaves a binomial number on each side: it is drawn as the number of
   * ones among {@code n} random bits.
   *
   * @param onlyFirst by group, examples that A alone gets right
   * @param onlySecond by group, examples that B alone gets right
   * @param weight by group, what an example contributes to the figure
   * @return the share of exchanges, the given state among them, that differ as much or more
   */
  double pValue(long[] onlyFirst, long[] onlySecond, double[] weight) {
    double observed = 0;
    for (int g = 0; g < weight.length; g++) {
      observed += weight[g] * (onlySecond[g] - onlyFirst[g]);
    }
    // What equal sums differ by when they were rounded on different ways.
    double limit = Math.abs(observed) * (1 - 1e-12) - 1e-15;
    SplittableRandom random = new SplittableRandom(seed);
    long asFar = 0;
    for (int p = 0; p < permutations; p++) {
      double difference = 0;
      for (int g = 0; g < weight.length; g++) {
        long n = onlyFirst[g] + onlySecond[g];
        difference += weight[g] * (2 * ones(random, n) - n);
      }
      if (Math.abs(difference) >= limit) {
        asFar++;
      }
    }
    return (asFar + 1.0) / (permutations + 1.0);
  }

  private static long ones(SplittableRandom random, long bits) {
    long ones = 0;
    for (long left = bits; left > 0; left -= Long.SIZE) {
      long drawn = random.nextLong();
      ones += Long.bitCount(left >= Long.SIZE ? drawn : drawn & ((1L << left) - 1));
    }
    return ones;
  }
}
