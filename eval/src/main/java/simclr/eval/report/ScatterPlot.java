package simclr.eval.report;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.stream.Collectors.joining;
import static simclr.eval.report.Scale.px;

import com.google.common.collect.ImmutableList;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Examples as points on a plane, coloured by class; the {@link Key} beside it names the classes.
 *
 * @param title what is shown and of which split
 * @param xTitle the first axis
 * @param yTitle the second axis
 * @param points two coordinates each
 * @param classes of each point; negative where it has none
 * @param names of the classes, for tooltips
 */
public record ScatterPlot(
    String title,
    String xTitle,
    String yTitle,
    ImmutableList<double[]> points,
    ImmutableList<Integer> classes,
    ImmutableList<String> names)
    implements Block {
  private static final int WIDTH = 360;
  private static final int HEIGHT = 330;
  private static final int EDGE = 8;
  private static final int TOP = 22;
  private static final int BOTTOM = 24;

  public ScatterPlot {
    checkArgument(
        points.size() == classes.size() && !points.isEmpty(),
        "%s points have %s classes",
        points.size(),
        classes.size());
  }

  @Override
  public String html() {
    Scale x = scale(0, EDGE + 6, WIDTH - EDGE - 6);
    Scale y = scale(1, HEIGHT - BOTTOM - 8, TOP + 8);
    String drawn =
        IntStream.range(0, points.size())
            .mapToObj(
                i -> {
                  double[] point = points.get(i);
                  int of = classes.get(i);
                  String name = of >= 0 && of < names.size() ? names.get(of) : "";
                  return Mark.point(
                      of < 0 ? Mark.MOST : of, x.pixel(point[0]), y.pixel(point[1]), name);
                })
            .collect(joining());
    return String.format(
        Locale.ROOT,
        """
        <figure class="card"><figcaption>%s</figcaption>
        <svg viewBox="0 0 %d %d" role="img" aria-label="%s">
        <rect class="frame" x="%d" y="%d" width="%d" height="%d"/>
        <text class="axis" x="%d" y="14">%s</text>
        <text class="axis" x="%s" y="%d" text-anchor="end">%s</text>
        %s</svg></figure>
        """,
        HtmlReport.escape(title),
        WIDTH,
        HEIGHT,
        HtmlReport.escape(title),
        EDGE,
        TOP,
        WIDTH - 2 * EDGE,
        HEIGHT - TOP - BOTTOM,
        EDGE,
        HtmlReport.escape(yTitle),
        px(WIDTH - EDGE),
        HEIGHT - 8,
        HtmlReport.escape(xTitle),
        drawn);
  }

  private Scale scale(int axis, double first, double last) {
    double low = points.stream().mapToDouble(p -> p[axis]).min().orElseThrow();
    double high = points.stream().mapToDouble(p -> p[axis]).max().orElseThrow();
    return high > low
        ? new Scale(low, high, first, last)
        : new Scale(low - 1, low + 1, first, last);
  }
}
