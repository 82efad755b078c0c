package simclr.eval.report;

import static java.util.stream.Collectors.joining;
import static simclr.eval.report.Scale.px;

import com.google.common.collect.ImmutableList;
import java.util.Locale;
import java.util.stream.IntStream;
import simclr.eval.metrics.ConfidenceInterval;

/**
 * Accuracies as horizontal bars from 0 to 100 %, with their 95 % intervals.
 *
 * @param bars in the order shown
 * @param chance what guessing would reach, 0 to 1
 * @param caption how they were measured
 */
public record BarChart(ImmutableList<Bar> bars, double chance, String caption) implements Block {
  private static final int WIDTH = 760;
  private static final int ROW = 58;
  private static final int LEFT = 8;
  private static final int RIGHT = 84;
  private static final int AXIS = 24;
  private static final Scale X = new Scale(0, 1, LEFT, WIDTH - RIGHT);

  @Override
  public String html() {
    return String.format(
        Locale.ROOT,
        "<div class=\"card wide\">%s</div>\n<p class=\"caption\">%s</p>\n",
        svg(),
        HtmlReport.escape(caption));
  }

  private String svg() {
    int bottom = bars.size() * ROW;
    return String.format(
        Locale.ROOT,
        """
        <svg viewBox="0 0 %d %d" role="img" aria-label="Top-1 accuracy with 95 %% intervals">
        %s<line class="reference" x1="%s" x2="%s" y1="0" y2="%d"/>
        <text class="reference" x="%s" y="%d" text-anchor="middle">chance %s</text>
        %s</svg>""",
        WIDTH,
        bottom + AXIS,
        ticks(bottom),
        px(X.pixel(chance)),
        px(X.pixel(chance)),
        bottom,
        px(X.pixel(chance)),
        bottom + 17,
        percent(chance, 0),
        IntStream.range(0, bars.size()).mapToObj(i -> row(bars.get(i), i)).collect(joining()));
  }

  private static String ticks(int bottom) {
    return IntStream.of(25, 50, 75, 100)
        .mapToObj(
            tick ->
                String.format(
                    Locale.ROOT,
                    """
                <line class="grid" x1="%1$s" x2="%1$s" y1="0" y2="%2$d"/>\
                <text class="axis" x="%1$s" y="%3$d" text-anchor="middle">%4$d %%</text>
                """,
                    px(X.pixel(tick / 100.0)),
                    bottom,
                    bottom + 17,
                    tick))
        .collect(joining());
  }

  private static String row(Bar bar, int index) {
    int top = index * ROW;
    double value = bar.accuracy().value();
    String label =
        String.format(
            Locale.ROOT,
            """
        <text class="label" x="%d" y="%d">%s <tspan class="note">%s</tspan></text>
        """,
            LEFT,
            top + 16,
            HtmlReport.escape(bar.label()),
            HtmlReport.escape(bar.note()));
    String rectangle =
        String.format(
            Locale.ROOT,
            """
        <rect class="%s" x="%d" y="%d" width="%s" height="22" rx="3"/>
        """,
            bar.highlighted() ? "bar best" : "bar",
            LEFT,
            top + 24,
            px(X.pixel(value) - LEFT));
    return label + rectangle + whisker(bar.accuracy().interval(), top) + number(bar, top);
  }

  private static String whisker(ConfidenceInterval interval, int top) {
    return String.format(
        Locale.ROOT,
        """
        <path class="whisker" d="M%1$s %3$dH%2$sM%1$s %4$dv10M%2$s %4$dv10"/>
        """,
        px(X.pixel(interval.low())),
        px(X.pixel(interval.high())),
        top + 35,
        top + 30);
  }

  private static String number(Bar bar, int top) {
    return String.format(
        Locale.ROOT,
        """
        <text class="value" x="%s" y="%d">%s</text>
        """,
        px(X.pixel(bar.accuracy().interval().high()) + 8),
        top + 40,
        percent(bar.accuracy().value(), 1));
  }

  /** A share in percent. */
  static String percent(double share, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f %%", 100 * share);
  }
}
