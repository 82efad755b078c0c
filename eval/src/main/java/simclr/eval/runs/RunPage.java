package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import simclr.eval.metrics.Metric;
import simclr.eval.report.Bar;
import simclr.eval.report.BarChart;
import simclr.eval.report.Block;
import simclr.eval.report.Folded;
import simclr.eval.report.HtmlReport;
import simclr.eval.report.Legend;
import simclr.eval.report.Paragraph;
import simclr.eval.report.Section;
import simclr.eval.report.Table;
import simclr.eval.report.Table.Cell;

/**
 * The page of a report, part by part.
 *
 * @param runs at least one
 * @param data of each run
 * @param figures of each run, one for each evaluation
 * @param seeds runs that differ in their seed alone
 * @param pictures the parts with pictures
 * @param legend what figures mean, by their name
 */
record RunPage(
    List<RunFolder> runs,
    List<RunData> data,
    List<List<EvaluationRow>> figures,
    List<SeedGroups> seeds,
    ImmutableList<Section> pictures,
    ImmutableMap<String, String> legend) {
  /** Figures that an evaluation is known by. */
  private static final Set<String> MAIN = Set.of(Metric.TOP_1, Metric.MAP_11);

  HtmlReport page() {
    ImmutableList.Builder<Section> sections = ImmutableList.builder();
    sections.add(Section.of("Evaluations", evaluations()));
    sections.add(Section.of("Training", RunCharts.of(runs, data)));
    sections.add(Section.of("Classes", classes()));
    List<EvaluationRow> comparable = all().stream().filter(EvaluationRow::published).toList();
    if (!comparable.isEmpty()) {
      sections.add(PublishedSection.of(comparable));
    }
    sections.addAll(pictures);
    sections.add(Section.of("What the figures mean", new Legend(legend)));
    sections.add(Section.of("How it was made", settings()));
    return new HtmlReport(
        runs.size() == 1 ? "SimCLR run " + runs.get(0).name() : "SimCLR runs",
        lead(),
        sections.build());
  }

  private List<EvaluationRow> all() {
    return figures.stream().flatMap(List::stream).toList();
  }

  private String lead() {
    if (runs.size() > 1) {
      return String.format(Locale.ROOT, "%d runs with %d evaluations.", runs.size(), all().size());
    }
    RunFolder run = runs.get(0);
    String what =
        run.config()
            .map(
                config ->
                    String.format(
                        Locale.ROOT,
                        "ResNet-%d, %s on %s",
                        config.resnetDepth(),
                        config.pretraining() ? "pretrained" : "trained with labels",
                        config.dataset()))
            .orElse("A run");
    String step = run.step().isPresent() ? " to step " + run.step().getAsLong() : "";
    return what
        + step
        + best(Metric.TOP_1).or(() -> best(Metric.MAP_11)).orElse("; it was not evaluated")
        + ".";
  }

  /** The evaluation with the best value of a figure, as the end of a sentence. */
  private Optional<String> best(String figure) {
    return all().stream()
        .filter(row -> row.metric(figure).isPresent())
        .max(Comparator.comparingDouble(row -> value(row, figure)))
        .map(
            row ->
                String.format(
                    Locale.ROOT,
                    "; %s: %s %s on %s",
                    row.what(),
                    Metric.label(figure),
                    percent(value(row, figure)),
                    row.split()));
  }

  private List<Block> evaluations() {
    List<EvaluationRow> rows = all();
    if (rows.isEmpty()) {
      return List.of(
          new Paragraph(
              "There is no evaluation yet: neither result.json nor eval/<name>/result.json."));
    }
    List<Block> blocks = new ArrayList<>();
    List<Bar> bars = bars(rows);
    if (bars.size() > 1 && bars.size() <= 24) {
      blocks.add(
          new BarChart(
              ImmutableList.copyOf(bars),
              data.stream()
                  .flatMap(its -> its.test().stream())
                  .filter(split -> split.numClasses() > 0)
                  .mapToDouble(split -> 1.0 / split.numClasses())
                  .findFirst()
                  .orElse(0),
              "Top-1 accuracy on the split named beside it. Whiskers: 95 % Wilson intervals, from"
                  + " the number of test images alone."));
    }
    blocks.add(table(rows));
    blocks.add(meanings(rows));
    if (!seeds.isEmpty()) {
      blocks.add(
          new Paragraph(
              "Runs that differ in their seed alone: mean and standard deviation (n - 1) of"
                  + " top-1."));
      blocks.add(seedTable());
    }
    return blocks;
  }

  private List<Bar> bars(List<EvaluationRow> rows) {
    List<Bar> bars = new ArrayList<>();
    for (EvaluationRow row : rows) {
      row.metric(Metric.TOP_1)
          .flatMap(Metric::counts)
          .ifPresent(
              counts ->
                  bars.add(
                      new Bar(
                          (runs.size() == 1 ? "" : row.run() + ": ") + row.what(),
                          row.split() + ", " + counts.total() + " images",
                          counts,
                          row.subject() == EvaluationRow.Subject.ENCODER
                              || (runs.size() > 1
                                  && row.subject() == EvaluationRow.Subject.CLASSIFIER))));
    }
    return bars;
  }

  private Table table(List<EvaluationRow> rows) {
    List<String> optional =
        Stream.of(Metric.TOP_1, Metric.TOP_5, Metric.MEAN_PER_CLASS, Metric.MAP_11)
            .filter(name -> rows.stream().anyMatch(row -> row.metric(name).isPresent()))
            .toList();
    boolean frozen = rows.stream().anyMatch(row -> !frozen(row).isEmpty());
    List<String> head = new ArrayList<>(List.of("run", "evaluation", "split", "images"));
    for (String name : optional) {
      head.add(Metric.label(name));
      if (MAIN.contains(name)) {
        head.add("95 % interval");
      }
    }
    if (frozen) {
      head.add("encoder frozen");
    }
    return Table.of(
        head,
        rows.stream()
            .map(
                row -> {
                  List<Cell> cells = new ArrayList<>();
                  cells.add(Cell.name(row.run()));
                  cells.add(Cell.text(row.what()));
                  cells.add(Cell.text(row.split()));
                  cells.add(
                      Cell.number(
                          row.examples().isPresent()
                              ? String.format(Locale.ROOT, "%,d", row.examples().getAsLong())
                              : "?"));
                  for (String name : optional) {
                    if (MAIN.contains(name)) {
                      cells.add(Cell.strong(figure(row, name)));
                      cells.add(Cell.number(interval(row, name)));
                    } else {
                      cells.add(Cell.number(figure(row, name)));
                    }
                  }
                  if (frozen) {
                    cells.add(Cell.text(frozen(row)));
                  }
                  return cells;
                })
            .toList());
  }

  private static String interval(EvaluationRow row, String figure) {
    return row.metric(figure)
        .flatMap(Metric::interval)
        .map(i -> String.format(Locale.ROOT, "%.2f to %.2f %%", 100 * i.low(), 100 * i.high()))
        .orElse("-");
  }

  private static String frozen(EvaluationRow row) {
    return row.record().flatMap(record -> record.trust("encoder_frozen")).orElse("");
  }

  /** What each evaluation is, once. */
  private static Legend meanings(List<EvaluationRow> rows) {
    return new Legend(
        rows.stream()
            .collect(
                ImmutableMap.toImmutableMap(
                    EvaluationRow::protocol, EvaluationRow::meaning, (first, again) -> first)));
  }

  private Table seedTable() {
    return Table.of(
        List.of("evaluation", "split", "runs", "top-1, mean", "sd"),
        seeds.stream()
            .map(
                group ->
                    List.of(
                        Cell.name(group.what()),
                        Cell.text(group.split()),
                        Cell.text(String.join(", ", group.runs())),
                        Cell.strong(percent(group.top1().mean())),
                        Cell.number(
                            String.format(
                                Locale.ROOT,
                                "%.2f points",
                                100 * group.top1().deviation().orElseThrow()))))
            .toList());
  }

  private List<Block> classes() {
    List<Block> blocks = new ArrayList<>();
    for (EvaluationRow row : all()) {
      if (row.record().isPresent()) {
        String title = String.format(Locale.ROOT, "%s: %s, %s", row.run(), row.what(), row.split());
        List<Block> tables = ClassTables.of(row.record().get(), title);
        if (blocks.isEmpty()) {
          blocks.addAll(tables);
        } else if (!tables.isEmpty()) {
          blocks.add(Folded.of(title, tables));
        }
      }
    }
    return blocks;
  }

  private List<Block> settings() {
    List<Block> blocks = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      RunFolder run = runs.get(i);
      String suffix = runs.size() == 1 ? "" : ": " + run.name();
      List<Block> parts = new ArrayList<>();
      run.config().map(Settings::changed).ifPresent(changed -> parts.add(Table.pairs(changed)));
      parts.add(new Paragraph(dataLine(data.get(i))));
      blocks.add(Folded.of("Settings that differ from the defaults" + suffix, parts));
    }
    for (EvaluationRow row : all()) {
      row.record()
          .ifPresent(
              record ->
                  blocks.add(
                      Folded.of(
                          String.format(Locale.ROOT, "Record of %s: %s", row.run(), row.what()),
                          List.of(Table.pairs(record.pairs())))));
    }
    blocks.add(
        Folded.of("Environment of this report", List.of(Table.pairs(Settings.environment()))));
    return blocks;
  }

  private static String dataLine(RunData data) {
    List<String> lines = new ArrayList<>();
    data.train().ifPresent(split -> lines.add("Trained on " + split.summary()));
    data.test().ifPresent(split -> lines.add("evaluated on " + split.summary()));
    data.missing().ifPresent(reason -> lines.add("data not there any more: " + reason));
    return String.join("; ", lines) + ".";
  }

  private static double value(EvaluationRow row, String figure) {
    return row.metric(figure).orElseThrow().value();
  }

  private static String figure(EvaluationRow row, String name) {
    return row.metric(name).map(metric -> percent(metric.value())).orElse("-");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }
}
