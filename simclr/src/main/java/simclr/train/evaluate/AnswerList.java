package simclr.train.evaluate;

import com.google.common.primitives.ImmutableIntArray;
import simclr.train.evaluate.EvaluationListener.Answers;

/** Collects what a classifier says, batch by batch: three numbers for each example. */
final class AnswerList {
  private final ImmutableIntArray.Builder labels = ImmutableIntArray.builder();
  private final ImmutableIntArray.Builder predicted = ImmutableIntArray.builder();
  private final ImmutableIntArray.Builder ranks = ImmutableIntArray.builder();

  /**
   * Adds a batch.
   *
   * @param logits one row for each example
   * @param classes the right one of each
   */
  void add(float[][] logits, long[] classes) {
    for (int i = 0; i < classes.length; i++) {
      float[] row = logits[i];
      int label = Math.toIntExact(classes[i]);
      int best = 0;
      int before = 0;
      for (int c = 0; c < row.length; c++) {
        if (row[c] > row[best]) {
          best = c;
        }
        if (row[c] > row[label] || (row[c] == row[label] && c < label)) {
          before++;
        }
      }
      labels.add(label);
      predicted.add(best);
      ranks.add(before);
    }
  }

  Answers build() {
    return new Answers(labels.build(), predicted.build(), ranks.build());
  }
}
