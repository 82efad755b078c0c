package simclr.eval.report;

import static java.util.stream.Collectors.joining;
import static simclr.eval.report.Scale.number;
import static simclr.eval.report.Scale.px;

import com.google.common.collect.ImmutableSortedMap;
import java.util.Collections;
import java.util.Locale;

/** A {@link Curve} as inline SVG: line, points with their values on hovering, reference level. */
final class LineChart {
  private static final int WIDTH = 360;
  private static final int HEIGHT = 210;
  private static final int LEFT = 46;
  private static final int RIGHT = 12;
  private static final int TOP = 12;
  private static final int BOTTOM = 40;

  private final Curve curve;
  private final Scale x;
  private final Scale y;

  private LineChart(Curve curve, Scale x, Scale y) {
    this.curve = curve;
    this.x = x;
    this.y = y;
  }

  /**
   * Draws the curve, which must have a point.
   *
   * @return an {@code svg} element
   */
  static String svg(Curve curve) {
    ImmutableSortedMap<Long, Float> points = curve.points();
    double low = Math.min(Collections.min(points.values()), curve.reference());
    double high = Math.max(Collections.max(points.values()), curve.reference());
    double margin = Math.max((high - low) * 0.12, 1e-3);
    low = curve.percent() ? 0 : low - margin;
    Scale x = new Scale(0, points.lastKey(), LEFT, WIDTH - RIGHT);
    Scale y = new Scale(low, high + margin, HEIGHT - BOTTOM, TOP);
    return new LineChart(curve, x, y).draw();
  }

  private String draw() {
    return """
        <svg viewBox="0 0 %d %d" role="img" aria-label="%s">
        %s%s%s<polyline class="line" points="%s"/>
        %s<text class="axis" x="%s" y="%d" text-anchor="end">step</text>
        </svg>"""
        .formatted(
            WIDTH,
            HEIGHT,
            HtmlReport.escape(curve.title()),
            horizontalTicks(),
            verticalTicks(),
            reference(),
            curve.points().entrySet().stream()
                .map(p -> px(x.pixel(p.getKey())) + "," + px(y.pixel(p.getValue())))
                .collect(joining(" ")),
            dots(),
            px(WIDTH - RIGHT),
            HEIGHT - 4);
  }

  private String horizontalTicks() {
    return y.ticks(3).stream()
        .map(
            tick ->
                """
                <line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/>\
                <text class="axis" x="%d" y="%s" text-anchor="end">%s</text>
                """
                    .formatted(
                        LEFT,
                        WIDTH - RIGHT,
                        px(y.pixel(tick)),
                        px(y.pixel(tick)),
                        LEFT - 6,
                        px(y.pixel(tick) + 4),
                        text(tick)))
        .collect(joining());
  }

  private String verticalTicks() {
    return x.ticks(4).stream()
        .map(
            tick ->
                """
                <text class="axis" x="%s" y="%d" text-anchor="middle">%s</text>
                """
                    .formatted(px(x.pixel(tick)), HEIGHT - BOTTOM + 16, number(tick)))
        .collect(joining());
  }

  /** The label stands on the side of its line where the curve leaves more room. */
  private String reference() {
    double level = y.pixel(curve.reference());
    boolean upperHalf = level < (TOP + HEIGHT - BOTTOM) / 2.0;
    return """
        <line class="reference" x1="%d" x2="%d" y1="%s" y2="%s"/>\
        <text class="reference" x="%d" y="%s" text-anchor="end">%s</text>
        """
        .formatted(
            LEFT,
            WIDTH - RIGHT,
            px(level),
            px(level),
            WIDTH - RIGHT - 2,
            px(upperHalf ? level + 14 : level - 5),
            HtmlReport.escape(curve.referenceLabel()));
  }

  private String dots() {
    return curve.points().entrySet().stream()
        .map(
            p ->
                """
                <circle class="dot" cx="%s" cy="%s" r="3"><title>step %d: %s</title></circle>
                """
                    .formatted(
                        px(x.pixel(p.getKey())),
                        px(y.pixel(p.getValue())),
                        p.getKey(),
                        text(p.getValue())))
        .collect(joining());
  }

  private String text(double value) {
    return curve.percent() ? String.format(Locale.ROOT, "%.0f %%", 100 * value) : number(value);
  }
}
