package simclr.eval.study;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import simclr.config.Composition.Transformation;
import simclr.config.RunConfig;
import simclr.eval.report.HeatMap;

/**
 * The paper's Figure 5: a study of one and two transformations as a matrix, the first one's row,
 * the second one's column, single ones on the diagonal.
 */
final class CompositionMatrix {
  private CompositionMatrix() {}

  private record Pair(Transformation first, Transformation second) {}

  /** Empty unless every run of the study is of one or two transformations. */
  static Optional<HeatMap> of(Study study, List<StudyRow> rows) {
    Map<Pair, StudyRow> runs = new HashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      ImmutableList<Transformation> made =
          RunConfig.of(study.runs().get(i).flags()).composition().transformations();
      if (made.isEmpty() || made.size() > 2) {
        return Optional.empty();
      }
      runs.put(new Pair(made.get(0), made.get(made.size() - 1)), rows.get(i));
    }
    ImmutableList<Transformation> used =
        Arrays.stream(Transformation.values())
            .filter(
                each ->
                    runs.keySet().stream()
                        .anyMatch(pair -> pair.first() == each || pair.second() == each))
            .collect(toImmutableList());
    double least = rows.stream().mapToDouble(row -> row.first().value()).min().orElse(0);
    double most = rows.stream().mapToDouble(row -> row.first().value()).max().orElse(1);
    ImmutableList<String> names =
        used.stream().map(CompositionMatrix::name).collect(toImmutableList());
    return Optional.of(
        new HeatMap(
            "Top-1 % on the test split; the darker, the better; an empty cell was not run",
            new HeatMap.Axes("first", "second"),
            names,
            names,
            used.stream()
                .map(
                    first ->
                        used.stream()
                            .map(second -> new Pair(first, second))
                            .map(pair -> cell(pair, runs.get(pair), least, most))
                            .collect(toImmutableList()))
                .collect(toImmutableList())));
  }

  private static HeatMap.Cell cell(Pair pair, @Nullable StudyRow row, double least, double most) {
    String pairName =
        pair.first() == pair.second()
            ? name(pair.first())
            : name(pair.first()) + " then " + name(pair.second());
    if (row == null) {
      return new HeatMap.Cell("", pairName + ": not run", 0, false);
    }
    double value = row.first().value();
    String tip =
        String.format(Locale.ROOT, "%s: %.1f %%", pairName, 100 * value)
            + row.published()
                .top1()
                .map(found -> ", published " + found.text() + " on ImageNet")
                .orElse("");
    return new HeatMap.Cell(
        String.format(Locale.ROOT, "%.1f", 100 * value),
        tip,
        most > least ? (value - least) / (most - least) : 1,
        pair.first() == pair.second());
  }

  private static String name(Transformation transformation) {
    return Ascii.toLowerCase(transformation.name());
  }
}
