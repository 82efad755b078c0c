package simclr.eval.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import simclr.eval.metrics.ConfidenceInterval;
import simclr.eval.published.Verified;

/**
 * Which of the published orderings a study shows. A pair of runs whose 95 % intervals overlap is
 * left undecided.
 *
 * @param same pairs in the paper's order
 * @param undecided pairs too close to tell
 * @param reversed pairs in the other order
 */
record Orderings(List<String> same, List<String> undecided, List<String> reversed) {

  static Orderings of(List<StudyRow> rows) {
    Orderings found = new Orderings(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (StudyRow a : rows) {
      for (StudyRow b : rows) {
        if (value(a) > value(b)) {
          String pair = a.name() + " > " + b.name();
          ConfidenceInterval first = a.first().interval();
          ConfidenceInterval second = b.first().interval();
          if (first.low() > second.high()) {
            found.same.add(pair);
          } else if (first.high() < second.low()) {
            found.reversed.add(pair);
          } else {
            found.undecided.add(pair);
          }
        }
      }
    }
    return found;
  }

  boolean isEmpty() {
    return same.isEmpty() && undecided.isEmpty() && reversed.isEmpty();
  }

  /** In a sentence. */
  String sentence() {
    int all = same.size() + undecided.size() + reversed.size();
    return String.format(
        Locale.ROOT,
        "Of %d pairs that the paper orders, %d come out in its order, %d in the other, %d lie within each other's interval%s.",
        all,
        same.size(),
        reversed.size(),
        undecided.size(),
        reversed.isEmpty() || reversed.size() > 5
            ? ""
            : "; the other way round than published: " + String.join("; ", reversed));
  }

  /** NaN, which is neither larger nor smaller, where nothing was read in a source. */
  private static double value(StudyRow row) {
    return row.published()
        .top1()
        .filter(value -> value.verified() != Verified.MEMORY)
        .flatMap(PublishedValue::number)
        .orElse(Double.NaN);
  }
}
