package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import simclr.eval.metrics.Metric;
import simclr.eval.published.Comparison;
import simclr.eval.published.Conditions;
import simclr.eval.published.PublishedResult;
import simclr.eval.published.Setting;
import simclr.eval.published.Verified;
import simclr.eval.report.Block;
import simclr.eval.report.Folded;
import simclr.eval.report.Paragraph;
import simclr.eval.report.Section;
import simclr.eval.report.Table;
import simclr.eval.report.Table.Cell;

/** Results of ours beside those of the paper, the release and other implementations. */
final class PublishedSection {
  /** So many tables stand open; the others are folded away. */
  private static final int OPEN = 1;

  private PublishedSection() {}

  /** A table for each evaluation. */
  static Section of(List<EvaluationRow> figures) {
    List<Block> blocks = new ArrayList<>();
    blocks.add(
        new Paragraph(
            "Seven settings stand beside every value; a difference is given only where all seven"
                + " agree, because otherwise it would compare settings, not programs. What differs"
                + " from ours is coloured and said in words. Values in per cent."));
    int number = 0;
    for (EvaluationRow row : figures) {
      Table table = table(row);
      String title = String.format(Locale.ROOT, "%s: %s, %s", row.run(), row.what(), row.split());
      if (number++ < OPEN) {
        blocks.add(new Paragraph(title));
        blocks.add(table);
      } else {
        blocks.add(Folded.of(title, List.of(table)));
      }
    }
    return Section.of("Against the published numbers", blocks);
  }

  private static Table table(EvaluationRow ours) {
    List<String> head =
        Stream.of(
                Stream.of("result", "value"),
                Arrays.stream(Setting.values()).map(Setting::label),
                Stream.of("difference"))
            .flatMap(names -> names)
            .toList();
    List<List<Cell>> rows = new ArrayList<>();
    rows.add(own(ours));
    Comparison.nearest(ours.measured())
        .forEach(
            row -> {
              rows.add(published(row));
              rows.add(ImmutableList.of(Cell.note(note(row))));
            });
    return Table.of(head, rows);
  }

  private static List<Cell> own(EvaluationRow ours) {
    List<Cell> cells = new ArrayList<>();
    cells.add(Cell.name("ours: " + ours.run()));
    cells.add(
        Cell.strong(
            ours.metric(Metric.TOP_1)
                .map(top1 -> percent(top1.value()))
                .or(() -> ours.metric(Metric.MAP_11).map(map -> percent(map.value()) + " mAP"))
                .orElse("-")));
    for (Setting setting : Setting.values()) {
      cells.add(Cell.text(ours.conditions().value(setting).orElse("not known")));
    }
    cells.add(Cell.number(""));
    return ImmutableList.copyOf(cells);
  }

  private static List<Cell> published(Comparison row) {
    PublishedResult result = row.published();
    List<Cell> cells = new ArrayList<>();
    cells.add(
        Cell.name(String.format(Locale.ROOT, "%s: %s", result.origin().label(), result.name())));
    String metric =
        result.metric().equals(PublishedResult.TOP_1) ? "" : " (" + result.metric() + ")";
    cells.add(
        Cell.number(
            result.value()
                + metric
                + (result.verified() == Verified.MEMORY ? " (from memory)" : "")));
    Conditions conditions = result.conditions();
    for (Setting setting : Setting.values()) {
      String value = conditions.value(setting).orElse("not stated");
      cells.add(row.differing().containsKey(setting) ? Cell.differs(value) : Cell.text(value));
    }
    cells.add(
        row.difference().isPresent()
            ? Cell.strong(Comparison.signed(row.difference().getAsDouble()))
            : Cell.number(""));
    return ImmutableList.copyOf(cells);
  }

  private static String note(Comparison row) {
    PublishedResult result = row.published();
    return String.format(
        Locale.ROOT,
        "%s Source: %s%s.",
        row.finding(),
        result.source(),
        result.note().isEmpty() ? "" : " (" + result.note() + ")");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f", 100 * share);
  }
}
