package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Which colour and form stands for what.
 *
 * @param names in the order of the series or classes
 * @param kind what the charts draw
 */
public record Key(ImmutableList<String> names, Kind kind) implements Block {
  /** Whether runs are lines or classes are points. */
  public enum Kind {
    LINES,
    POINTS
  }

  /** The lines of several runs. */
  public static Key ofLines(List<String> names) {
    return new Key(ImmutableList.copyOf(names), Kind.LINES);
  }

  /** The points of several classes. */
  public static Key ofPoints(List<String> names) {
    return new Key(ImmutableList.copyOf(names), Kind.POINTS);
  }

  @Override
  public String html() {
    int shown = Math.min(names.size(), Mark.MOST);
    String items =
        IntStream.range(0, shown).mapToObj(i -> item(sample(i), names.get(i))).collect(joining());
    String rest =
        names.size() > shown && kind == Kind.POINTS
            ? item(Mark.point(Mark.MOST, 12, 7, ""), (names.size() - shown) + " other classes")
            : "";
    return "<ul class=\"key\">\n" + items + rest + "</ul>\n";
  }

  private String sample(int index) {
    return kind == Kind.POINTS
        ? Mark.point(index, 12, 7, "")
        : "<path class=\"" + Mark.line(index) + "\" d=\"M1 7H23\"/>";
  }

  private static String item(String drawing, String name) {
    return String.format(
        Locale.ROOT,
        "<li><svg viewBox=\"0 0 24 14\" aria-hidden=\"true\">%s</svg>%s</li>\n",
        drawing.strip(),
        HtmlReport.escape(name));
  }
}
