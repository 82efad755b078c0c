package simclr.train.evaluate;

/**
 * Counts of examples whose label is the first, or among the first five, by logit; each example
 * weighs the same, whatever its batch.
 *
 * <p>Ties and special values as in the reference: top 1 is the lowest index among equal maxima, and
 * NaN is never a maximum; a label that ties with the fifth place counts as a hit; a row with NaN or
 * infinity anywhere is never a hit of the top 5.
 */
public final class TopK {
  private static final int K = 5;

  private long examples;
  private long first;
  private long amongFive;

  /**
   * Counts one batch.
   *
   * @param logits shape (n, classes)
   * @param labels shape (n,)
   */
  public void add(float[][] logits, long[] labels) {
    for (int i = 0; i < logits.length; i++) {
      add(logits[i], labels[i]);
    }
  }

  /** Counts one example. */
  public void add(float[] logits, long label) {
    examples++;
    first += argmax(logits) == label ? 1 : 0;
    amongFive += isAmongFive(logits, label) ? 1 : 0;
  }

  /** Share of examples whose label has the largest logit; 0 before the first example. */
  public float top1() {
    return share(first);
  }

  /** Share of examples whose label is among the five largest logits. */
  public float top5() {
    return share(amongFive);
  }

  long examples() {
    return examples;
  }

  private float share(long hits) {
    return examples == 0 ? 0 : (float) hits / examples;
  }

  private static int argmax(float[] logits) {
    int best = 0;
    float largest = -Float.MAX_VALUE;
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] > largest) {
        best = i;
        largest = logits[i];
      }
    }
    return best;
  }

  private static boolean isAmongFive(float[] logits, long label) {
    if (label < 0 || label >= logits.length) {
      return false;
    }
    int larger = 0;
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        return false;
      }
      larger += logit > logits[(int) label] ? 1 : 0;
    }
    return larger < K;
  }
}
