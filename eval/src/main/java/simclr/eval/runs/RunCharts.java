package simclr.eval.runs;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import simclr.config.RunConfig;
import simclr.eval.report.Block;
import simclr.eval.report.Grid;
import simclr.eval.report.Key;
import simclr.eval.report.Level;
import simclr.eval.report.LineChart;
import simclr.eval.report.Series;
import simclr.summary.Tag;

/** The curves of one or several runs, each measure on one chart. */
final class RunCharts {
  private final List<RunFolder> runs;

  private RunCharts(List<RunFolder> runs) {
    this.runs = runs;
  }

  /** Charts of what was logged, and the key of their lines; nothing if nothing was. */
  static ImmutableList<Block> of(List<RunFolder> runs, List<RunData> data) {
    RunCharts charts = new RunCharts(runs);
    ImmutableList<LineChart> drawn =
        Stream.of(
                charts.chart(
                    "Contrast loss (training views)",
                    "loss in nats",
                    Tag.CONTRAST_LOSS,
                    charts.collapseLevels(),
                    false),
                charts.chart(
                    "Contrast accuracy (training views)",
                    "share of views",
                    Tag.CONTRAST_ACC,
                    charts.contrastChance(),
                    true),
                charts.chart(
                    "Classifier (training views)", "top-1", Tag.SUPERVISED_ACC, chance(data), true),
                charts.chart(
                    "Classifier (evaluation split, plain images)",
                    "top-1",
                    Tag.LABEL_TOP_1_ACCURACY,
                    chance(data),
                    true),
                charts.chart(
                    "Contrast entropy (training views)",
                    "entropy in nats",
                    Tag.CONTRAST_ENTROPY,
                    ImmutableList.of(),
                    false),
                charts.chart(
                    "Learning rate",
                    "rate of the next step",
                    Tag.LEARNING_RATE,
                    ImmutableList.of(),
                    false))
            .filter(LineChart::hasPoints)
            .collect(toImmutableList());
    if (drawn.isEmpty()) {
      return ImmutableList.of();
    }
    return runs.size() == 1
        ? ImmutableList.of(Grid.of(drawn))
        : ImmutableList.of(
            Key.ofLines(runs.stream().map(RunFolder::name).toList()), Grid.of(drawn));
  }

  private LineChart chart(
      String title, String yTitle, Tag tag, ImmutableList<Level> levels, boolean percent) {
    return new LineChart(
        title,
        yTitle,
        runs.stream().map(run -> new Series(run.name(), run.curve(tag))).collect(toImmutableList()),
        levels,
        percent);
  }

  /** One for each batch size among the runs. */
  private ImmutableList<Level> collapseLevels() {
    return batches()
        .map(
            batch ->
                new Level(
                    collapseLevel(batch),
                    String.format(
                        Locale.ROOT,
                        "collapse level 2 ln(2N − 1) = %.2f, N = %d",
                        collapseLevel(batch),
                        batch)))
        .collect(toImmutableList());
  }

  private ImmutableList<Level> contrastChance() {
    return batches()
        .map(batch -> new Level(1.0 / batch, "chance 1/N, N = " + batch))
        .collect(toImmutableList());
  }

  private Stream<Integer> batches() {
    return runs.stream()
        .filter(run -> !run.curve(Tag.CONTRAST_LOSS).isEmpty())
        .flatMap(run -> run.config().stream())
        .map(RunConfig::trainBatchSize)
        .distinct()
        .limit(3);
  }

  private static ImmutableList<Level> chance(List<RunData> data) {
    return data.stream()
        .flatMap(run -> run.train().stream())
        .filter(split -> split.numClasses() > 0)
        .map(split -> new Level(1.0 / split.numClasses(), "chance"))
        .distinct()
        .collect(toImmutableList());
  }

  /** The loss of an encoder that maps everything to one point. */
  static double collapseLevel(int batch) {
    return 2 * Math.log(2.0 * batch - 1);
  }
}
