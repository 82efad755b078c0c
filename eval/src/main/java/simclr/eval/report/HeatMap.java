package simclr.eval.report;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A matrix of values as shades, each with its number.
 *
 * @param title what was measured and on which split
 * @param axes what rows are, and what columns are
 * @param rowNames from above
 * @param columnNames from the left
 * @param cells by row, then by column
 */
public record HeatMap(
    String title,
    Axes axes,
    ImmutableList<String> rowNames,
    ImmutableList<String> columnNames,
    ImmutableList<ImmutableList<Cell>> cells)
    implements Block {
  /** More classes than these cannot be read on a screen. */
  public static final int MOST_CLASSES = 40;

  private static final int CELL = 36;
  private static final int LEFT = 124;
  private static final int TOP = 104;

  /** What rows and columns are. */
  public record Axes(String rows, String columns) {}

  /**
   * A value.
   *
   * @param text in the cell; empty to show none
   * @param tip the value in words
   * @param shade 0 to 1, the larger the darker
   * @param marked whether it is set apart by its colour
   */
  public record Cell(String text, String tip, double shade, boolean marked) {}

  public HeatMap {
    checkArgument(
        Math.max(rowNames.size(), columnNames.size()) <= MOST_CLASSES,
        "%s rows and %s columns are too many",
        rowNames.size(),
        columnNames.size());
    checkArgument(
        cells.size() == rowNames.size()
            && cells.stream().allMatch(row -> row.size() == columnNames.size()),
        "cells must be %s rows of %s",
        rowNames.size(),
        columnNames.size());
  }

  /**
   * A confusion matrix: a row for each true class, a column for each class that was named; the
   * darker, the larger the share of the row.
   *
   * @param counts examples by true class, then by named class
   */
  public static HeatMap confusion(
      String title, ImmutableList<String> names, List<ImmutableLongArray> counts) {
    ImmutableList.Builder<ImmutableList<Cell>> rows = ImmutableList.builder();
    for (int truth = 0; truth < counts.size(); truth++) {
      ImmutableLongArray row = counts.get(truth);
      checkArgument(
          row.length() == names.size() && counts.size() == names.size(),
          "counts must be a square of side %s",
          names.size());
      long examples = row.stream().sum();
      ImmutableList.Builder<Cell> cells = ImmutableList.builder();
      for (int named = 0; named < row.length(); named++) {
        long count = row.get(named);
        cells.add(
            new Cell(
                count == 0 ? "" : Long.toString(count),
                String.format(
                    Locale.ROOT,
                    "%s, named %s: %d of %d",
                    names.get(truth),
                    names.get(named),
                    count,
                    examples),
                examples == 0 ? 0 : (double) count / examples,
                truth == named));
      }
      rows.add(cells.build());
    }
    return new HeatMap(title, new Axes("true class", "named class"), names, names, rows.build());
  }

  @Override
  public String html() {
    int width = LEFT + columnNames.size() * CELL + 24;
    int height = TOP + rowNames.size() * CELL + 4;
    return String.format(
        Locale.ROOT,
        """
        <figure class="card wide" tabindex="0"><figcaption>%s</figcaption>
        <svg class="heat" style="min-width:%dpx;max-width:%dpx" viewBox="0 0 %d %d" role="img" \
        aria-label="%s">
        <text class="axis" x="%d" y="14">%s</text>
        <text class="axis" x="2" y="%d">%s</text>
        %s%s%s</svg></figure>
        """,
        HtmlReport.escape(title),
        Math.min(width, 620),
        Math.max(width, 420),
        width,
        height,
        HtmlReport.escape(title),
        LEFT,
        HtmlReport.escape(axes.columns()),
        TOP - 8,
        HtmlReport.escape(axes.rows()),
        IntStream.range(0, columnNames.size()).mapToObj(this::columnName).collect(joining()),
        IntStream.range(0, rowNames.size()).mapToObj(this::rowName).collect(joining()),
        IntStream.range(0, rowNames.size()).mapToObj(this::row).collect(joining()));
  }

  private String columnName(int index) {
    return String.format(
        Locale.ROOT,
        """
        <text class="axis" text-anchor="start" transform="translate(%d %d) rotate(-45)">%s</text>
        """,
        LEFT + index * CELL + CELL / 2,
        TOP - 6,
        shortened(columnNames.get(index)));
  }

  private String rowName(int index) {
    return String.format(
        Locale.ROOT,
        """
        <text class="axis" x="%d" y="%d" text-anchor="end">%s</text>
        """,
        LEFT - 6,
        TOP + index * CELL + CELL / 2 + 4,
        shortened(rowNames.get(index)));
  }

  private String row(int row) {
    return IntStream.range(0, columnNames.size())
        .mapToObj(column -> cell(cells.get(row).get(column), row, column))
        .collect(joining());
  }

  private static String cell(Cell cell, int row, int column) {
    int x = LEFT + column * CELL;
    int y = TOP + row * CELL;
    String number =
        cell.text().isEmpty()
            ? ""
            : String.format(
                Locale.ROOT,
                "<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                cell.shade() > 0.5 ? "on" : "off",
                x + CELL / 2,
                y + CELL / 2 + 4,
                HtmlReport.escape(cell.text()));
    return String.format(
        Locale.ROOT,
        "<g><title>%s</title><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\""
            + " height=\"%d\" fill-opacity=\"%.3f\"/>%s</g>%n",
        HtmlReport.escape(cell.tip()),
        cell.marked() ? "cell right" : "cell",
        x,
        y,
        CELL - 2,
        CELL - 2,
        cell.text().isEmpty() ? 0.04 : opacity(cell.shade()),
        number);
  }

  /**
   * The square root lets single mistakes be seen beside hundreds of right answers. The step at one
   * half, where the number's colour changes, keeps it readable on either side in both themes.
   */
  private static double opacity(double share) {
    return share > 0.5 ? 0.88 + 0.24 * (share - 0.5) : Math.max(0.12, 0.85 * Math.sqrt(share));
  }

  private static String shortened(String name) {
    return HtmlReport.escape(name.length() > 16 ? name.substring(0, 15) + "…" : name);
  }
}
