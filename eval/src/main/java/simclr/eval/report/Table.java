package simclr.eval.report;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A table that scrolls sideways where the screen is narrow.
 *
 * @param head names of the columns; empty for rows of name and value, which need none
 * @param rows each as long as the head
 */
public record Table(ImmutableList<String> head, ImmutableList<ImmutableList<Cell>> rows)
    implements Block {

  /** How a cell is set. */
  public enum Kind {
    TEXT,
    /** Names the row. */
    NAME,
    /** To the right, digits below digits. */
    NUMBER,
    /** What is to be looked at first. */
    STRONG,
    /** A value that differs from the one it is compared with. */
    DIFFERS,
    /** A remark on the row above, alone in its row. */
    NOTE
  }

  /** A cell. */
  public record Cell(String text, Kind kind) {
    public static Cell text(String text) {
      return new Cell(text, Kind.TEXT);
    }

    public static Cell name(String text) {
      return new Cell(text, Kind.NAME);
    }

    public static Cell number(String text) {
      return new Cell(text, Kind.NUMBER);
    }

    public static Cell strong(String text) {
      return new Cell(text, Kind.STRONG);
    }

    public static Cell note(String text) {
      return new Cell(text, Kind.NOTE);
    }

    public static Cell differs(String text) {
      return new Cell(text, Kind.DIFFERS);
    }
  }

  public Table {
    int width = head.size();
    checkArgument(
        width == 0 || rows.stream().allMatch(row -> row.size() == width || isNote(row)),
        "every row must have %s cells",
        width);
  }

  private static boolean isNote(List<Cell> row) {
    return row.size() == 1 && row.get(0).kind() == Kind.NOTE;
  }

  /** Rows under named columns. */
  public static Table of(List<String> head, List<? extends List<Cell>> rows) {
    return new Table(
        ImmutableList.copyOf(head),
        rows.stream().map(ImmutableList::copyOf).collect(toImmutableList()));
  }

  /** Names and values. */
  public static Table pairs(Map<String, String> pairs) {
    return of(
        List.of(),
        pairs.entrySet().stream()
            .map(row -> List.of(Cell.name(row.getKey()), Cell.text(row.getValue())))
            .toList());
  }

  @Override
  public String html() {
    String columns =
        head.isEmpty()
            ? ""
            : IntStream.range(0, head.size())
                .mapToObj(this::heading)
                .collect(joining("", "<thead><tr>", "</tr></thead>\n"));
    return String.format(
        Locale.ROOT,
        """
        <div class="wide" tabindex="0"><table class="%s">
        %s<tbody>
        %s</tbody></table></div>
        """,
        head.isEmpty() ? "pairs" : "rows",
        columns,
        rows.stream().map(this::row).collect(joining()));
  }

  /** Over numbers to the right, as they are. */
  private String heading(int column) {
    boolean numbers =
        !rows.isEmpty()
            && ImmutableSet.of(Kind.NUMBER, Kind.STRONG).contains(rows.get(0).get(column).kind());
    return String.format(
        Locale.ROOT,
        "<th scope=\"col\"%s>%s</th>",
        numbers ? " class=\"number\"" : "",
        HtmlReport.escape(head.get(column)));
  }

  private String row(ImmutableList<Cell> row) {
    if (isNote(row)) {
      return String.format(
          Locale.ROOT,
          "<tr class=\"note\"><td colspan=\"%d\"><div>%s</div></td></tr>\n",
          Math.max(head.size(), 1),
          HtmlReport.escape(row.get(0).text()));
    }
    return row.stream().map(Table::cell).collect(joining("", "<tr>", "</tr>\n"));
  }

  private static String cell(Cell cell) {
    String text = HtmlReport.escape(cell.text());
    return switch (cell.kind()) {
      case NAME -> "<th scope=\"row\">" + text + "</th>";
      case TEXT, NOTE -> "<td>" + text + "</td>";
      case NUMBER -> "<td class=\"number\">" + text + "</td>";
      case STRONG -> "<td class=\"number\"><strong>" + text + "</strong></td>";
      case DIFFERS -> "<td class=\"differs\">" + text + "</td>";
    };
  }
}
