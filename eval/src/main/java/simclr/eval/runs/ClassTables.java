package simclr.eval.runs;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import simclr.eval.metrics.ClassResult;
import simclr.eval.metrics.ClassResult.Precision;
import simclr.eval.metrics.Measures;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.report.Block;
import simclr.eval.report.Folded;
import simclr.eval.report.HeatMap;
import simclr.eval.report.Table;
import simclr.eval.report.Table.Cell;

/** How the classes of an evaluation fared. */
final class ClassTables {
  private static final int MOST_PAIRS = 15;

  private final ImmutableList<String> names;
  private final ImmutableList<ImmutableLongArray> confusion;

  private ClassTables(ImmutableList<String> names, ImmutableList<ImmutableLongArray> confusion) {
    this.names = names;
    this.confusion = confusion;
  }

  /**
   * Confusion matrix, most frequent mistakes and table of classes; the last alone where examples
   * may have several classes; nothing where the record tells of no class.
   */
  static ImmutableList<Block> of(EvaluationRecord record, String title) {
    Measures measures = record.measures();
    List<Precision> precisions =
        measures.classes().stream()
            .filter(Precision.class::isInstance)
            .map(Precision.class::cast)
            .toList();
    if (!precisions.isEmpty()) {
      return ImmutableList.of(Folded.of("Table of classes", List.of(precisions(precisions))));
    }
    return measures.confusion().isEmpty()
        ? ImmutableList.of()
        : new ClassTables(
                measures.classes().stream().map(ClassResult::name).collect(toImmutableList()),
                measures.confusion())
            .blocks(title);
  }

  private static Table precisions(List<Precision> classes) {
    return Table.of(
        List.of("class", "test examples", "average precision"),
        classes.stream()
            .map(
                row ->
                    List.of(
                        Cell.name(row.name()),
                        Cell.number(Long.toString(row.positives())),
                        Cell.number(
                            row.averagePrecision().isPresent()
                                ? String.format(
                                    Locale.ROOT,
                                    "%.1f %%",
                                    100 * row.averagePrecision().getAsDouble())
                                : "-")))
            .toList());
  }

  private ImmutableList<Block> blocks(String title) {
    List<Block> blocks = new ArrayList<>();
    if (names.size() <= HeatMap.MOST_CLASSES) {
      blocks.add(HeatMap.confusion(title, names, confusion));
    }
    Table mistakes = mistakes();
    if (!mistakes.rows().isEmpty()) {
      blocks.add(Folded.of("Most frequent mistakes", List.of(mistakes)));
    }
    blocks.add(Folded.of("Table of classes", List.of(classes())));
    return ImmutableList.copyOf(blocks);
  }

  private record Mistake(int truth, int named, long count) {}

  private Table mistakes() {
    List<Mistake> mistakes = new ArrayList<>();
    for (int t = 0; t < names.size(); t++) {
      for (int n = 0; n < names.size(); n++) {
        if (t != n && confusion.get(t).get(n) > 0) {
          mistakes.add(new Mistake(t, n, confusion.get(t).get(n)));
        }
      }
    }
    return Table.of(
        List.of("true class", "named", "examples", "of the class"),
        mistakes.stream()
            .sorted(Comparator.comparingLong(Mistake::count).reversed())
            .limit(MOST_PAIRS)
            .map(
                mistake ->
                    List.of(
                        Cell.name(names.get(mistake.truth())),
                        Cell.text(names.get(mistake.named())),
                        Cell.number(Long.toString(mistake.count())),
                        Cell.number(percent(mistake.count(), examples(mistake.truth())))))
            .toList());
  }

  private Table classes() {
    return Table.of(
        List.of("class", "test examples", "named right", "recall", "precision"),
        IntStream.range(0, names.size())
            .mapToObj(
                c -> {
                  long right = confusion.get(c).get(c);
                  long named = confusion.stream().mapToLong(row -> row.get(c)).sum();
                  return List.of(
                      Cell.name(names.get(c)),
                      Cell.number(Long.toString(examples(c))),
                      Cell.number(Long.toString(right)),
                      Cell.number(percent(right, examples(c))),
                      Cell.number(percent(right, named)));
                })
            .toList());
  }

  private long examples(int truth) {
    return confusion.get(truth).stream().sum();
  }

  private static String percent(long part, long whole) {
    return whole == 0 ? "-" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }
}
