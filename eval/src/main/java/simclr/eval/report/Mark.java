package simclr.eval.report;

import static simclr.eval.report.Scale.px;

import java.util.Locale;

/**
 * How one of several things is told from the others: by colour, and by form for those who do not
 * see the colours.
 */
final class Mark {
  private static final int COLOURS = 10;
  private static final int FORMS = 5;
  private static final int DASHES = 4;

  /** So many things are told apart; what comes later looks alike. */
  static final int MOST = 20;

  private Mark() {}

  /** CSS classes of a line. */
  static String line(int index) {
    return String.format(Locale.ROOT, "line c%d d%d", index % COLOURS, index % DASHES);
  }

  /**
   * A point as an SVG element with a tooltip.
   *
   * @param index of the thing; {@link #MOST} and above are drawn small and grey
   */
  static String point(int index, double x, double y, String tooltip) {
    String title = tooltip.isEmpty() ? "" : "<title>" + HtmlReport.escape(tooltip) + "</title>";
    if (index >= MOST) {
      return String.format(
          Locale.ROOT,
          "<circle class=\"other\" cx=\"%s\" cy=\"%s\" r=\"1.6\">%s</circle>\n",
          px(x),
          px(y),
          title);
    }
    String colour = "p c" + index % COLOURS;
    int form = (index + index / COLOURS) % FORMS;
    if (form == 0) {
      return String.format(
          Locale.ROOT,
          "<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"2.8\">%s</circle>\n",
          colour,
          px(x),
          px(y),
          title);
    }
    String outline =
        switch (form) {
          case 1 -> "m-2.5-2.5h5v5h-5z";
          case 2 -> "m0-3.4l3.2 5.6h-6.4z";
          case 3 -> "m0-3.6l3.2 3.6l-3.2 3.6l-3.2-3.6z";
          default -> "m0 3.4l3.2-5.6h-6.4z";
        };
    return String.format(
        Locale.ROOT,
        "<path class=\"%s\" d=\"M%s %s%s\">%s</path>\n",
        colour,
        px(x),
        px(y),
        outline,
        title);
  }
}
