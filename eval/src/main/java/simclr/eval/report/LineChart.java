package simclr.eval.report;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;
import static simclr.eval.report.Scale.number;
import static simclr.eval.report.Scale.px;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A measure over the steps of one or several runs: lines, points with their values on hovering,
 * levels to compare with.
 *
 * @param title what is measured and on which split
 * @param yTitle the measure and its unit
 * @param series one for each run, in the order of the {@link Key}
 * @param levels dashed lines
 * @param percent whether values are shares, 0 to 1, shown in percent
 */
public record LineChart(
    String title,
    String yTitle,
    ImmutableList<Series> series,
    ImmutableList<Level> levels,
    boolean percent)
    implements Block {
  private static final int WIDTH = 360;
  private static final int HEIGHT = 226;
  private static final int LEFT = 50;
  private static final int RIGHT = 12;
  private static final int TOP = 28;
  private static final int BOTTOM = 40;

  /** More points than these are thinned: a screen has no more pixels. */
  private static final int MOST_POINTS = 500;

  /** Above these there are no dots, which would hide the line. */
  private static final int MOST_DOTS = 60;

  /** Whether there is something to draw. */
  public boolean hasPoints() {
    return series.stream().anyMatch(line -> !line.points().isEmpty());
  }

  /** Empty if there is no point. */
  @Override
  public String html() {
    return hasPoints()
        ? String.format(
            Locale.ROOT,
            "<figure class=\"card\"><figcaption>%s</figcaption>\n%s</figure>\n",
            HtmlReport.escape(title),
            svg())
        : "";
  }

  private String svg() {
    double[] values =
        DoubleStream.concat(
                series.stream()
                    .flatMap(line -> line.points().values().stream())
                    .mapToDouble(Float::doubleValue),
                levels.stream().mapToDouble(Level::value))
            .filter(Double::isFinite)
            .toArray();
    double low = DoubleStream.of(values).min().orElse(0);
    double high = DoubleStream.of(values).max().orElse(1);
    double margin = Math.max((high - low) * 0.12, Math.max(Math.abs(high), 1e-9) * 1e-3);
    long last =
        series.stream()
            .filter(line -> !line.points().isEmpty())
            .mapToLong(line -> line.points().lastKey())
            .max()
            .orElseThrow();
    Scale x = new Scale(0, Math.max(last, 1), LEFT, WIDTH - RIGHT);
    double bottom = percent || (low >= 0 && low < 0.2 * high) ? 0 : low - margin;
    Scale y = new Scale(bottom, high + margin, HEIGHT - BOTTOM, TOP);
    return String.format(
        Locale.ROOT,
        """
        <svg viewBox="0 0 %d %d" role="img" aria-label="%s">
        <text class="axis" x="2" y="14">%s</text>
        %s%s%s%s<text class="axis" x="%s" y="%d" text-anchor="end">step</text>
        </svg>""",
        WIDTH,
        HEIGHT,
        HtmlReport.escape(title),
        HtmlReport.escape(yTitle),
        horizontalTicks(y),
        verticalTicks(x),
        levels(y),
        IntStream.range(0, series.size())
            .mapToObj(i -> line(i, series.get(i), x, y))
            .collect(joining()),
        px(WIDTH - RIGHT),
        HEIGHT - 4);
  }

  private String horizontalTicks(Scale y) {
    return y.ticks(3).stream()
        .map(
            tick ->
                String.format(
                    Locale.ROOT,
                    """
                <line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/>\
                <text class="axis" x="%d" y="%s" text-anchor="end">%s</text>
                """,
                    LEFT,
                    WIDTH - RIGHT,
                    px(y.pixel(tick)),
                    px(y.pixel(tick)),
                    LEFT - 6,
                    px(y.pixel(tick) + 4),
                    text(tick)))
        .collect(joining());
  }

  private static String verticalTicks(Scale x) {
    return x.ticks(4).stream()
        .map(
            tick ->
                String.format(
                    Locale.ROOT,
                    """
                <text class="axis" x="%s" y="%d" text-anchor="middle">%s</text>
                """,
                    px(x.pixel(tick)),
                    HEIGHT - BOTTOM + 16,
                    number(tick)))
        .collect(joining());
  }

  /** A label stands on the side of its line where the curves leave more room. */
  private String levels(Scale y) {
    return levels.stream()
        .distinct()
        .map(
            level -> {
              double at = y.pixel(level.value());
              boolean upperHalf = at < (TOP + HEIGHT - BOTTOM) / 2.0;
              return String.format(
                  Locale.ROOT,
                  """
                  <line class="reference" x1="%d" x2="%d" y1="%s" y2="%s"/>\
                  <text class="reference" x="%d" y="%s" text-anchor="end">%s</text>
                  """,
                  LEFT,
                  WIDTH - RIGHT,
                  px(at),
                  px(at),
                  WIDTH - RIGHT - 2,
                  px(upperHalf ? at + 14 : at - 5),
                  HtmlReport.escape(level.label()));
            })
        .collect(joining());
  }

  private String line(int index, Series line, Scale x, Scale y) {
    List<Map.Entry<Long, Float>> points = thinned(line);
    if (points.isEmpty()) {
      return "";
    }
    String path =
        points.stream()
            .map(p -> px(x.pixel(p.getKey())) + "," + px(y.pixel(p.getValue())))
            .collect(joining(" "));
    String dots =
        points.size() > MOST_DOTS
            ? ""
            : points.stream().map(p -> dot(index, line, p, x, y)).collect(joining());
    return String.format(
        Locale.ROOT, "<polyline class=\"%s\" points=\"%s\"/>\n%s", Mark.line(index), path, dots);
  }

  private String dot(int index, Series line, Map.Entry<Long, Float> p, Scale x, Scale y) {
    String name = series.size() == 1 ? "" : line.name() + ", ";
    return String.format(
        Locale.ROOT,
        """
        <circle class="dot c%d" cx="%s" cy="%s" r="3"><title>%sstep %d: %s</title></circle>
        """,
        index % 10,
        px(x.pixel(p.getKey())),
        px(y.pixel(p.getValue())),
        HtmlReport.escape(name),
        p.getKey(),
        text(p.getValue()));
  }

  /** Finite points, evenly chosen where there are too many; the last one is always there. */
  private static List<Map.Entry<Long, Float>> thinned(Series line) {
    List<Map.Entry<Long, Float>> finite =
        line.points().entrySet().stream()
            .filter(p -> Float.isFinite(p.getValue()))
            .collect(toImmutableList());
    int every = (finite.size() + MOST_POINTS - 1) / MOST_POINTS;
    if (every <= 1) {
      return finite;
    }
    int last = finite.size() - 1;
    return Stream.concat(
            IntStream.range(0, last).filter(i -> i % every == 0).mapToObj(finite::get),
            Stream.of(finite.get(last)))
        .collect(toImmutableList());
  }

  private String text(double value) {
    return percent ? String.format(Locale.ROOT, "%.0f %%", 100 * value) : number(value);
  }
}
