package simclr.eval.report;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A confusion matrix: a row for each true class, a column for each class that was named; the
 * darker, the larger the share of the row.
 *
 * @param title what was measured and on which split
 * @param names of the classes
 * @param counts examples by true class, then by named class
 */
public record HeatMap(
    String title, ImmutableList<String> names, ImmutableList<ImmutableLongArray> counts)
    implements Block {
  /** More classes than these cannot be read on a screen. */
  public static final int MOST_CLASSES = 40;

  private static final int CELL = 36;
  private static final int LEFT = 124;
  private static final int TOP = 104;

  public HeatMap {
    checkArgument(names.size() <= MOST_CLASSES, "%s classes are too many", names.size());
    checkArgument(
        counts.size() == names.size()
            && counts.stream().allMatch(row -> row.length() == names.size()),
        "counts must be a square of side %s",
        names.size());
  }

  @Override
  public String html() {
    int n = names.size();
    int width = LEFT + n * CELL + 24;
    int height = TOP + n * CELL + 4;
    return """
        <figure class="card wide" tabindex="0"><figcaption>%s</figcaption>
        <svg class="heat" style="min-width:%dpx;max-width:%dpx" viewBox="0 0 %d %d" role="img" \
        aria-label="%s">
        <text class="axis" x="%d" y="14">named class</text>
        <text class="axis" x="2" y="%d">true class</text>
        %s%s</svg></figure>
        """
        .formatted(
            HtmlReport.escape(title),
            Math.min(width, 620),
            Math.max(width, 420),
            width,
            height,
            HtmlReport.escape(title),
            LEFT,
            TOP - 8,
            IntStream.range(0, n).mapToObj(this::labels).collect(joining()),
            IntStream.range(0, n).mapToObj(this::row).collect(joining()));
  }

  private String labels(int index) {
    String name = shortened(names.get(index));
    int middle = LEFT + index * CELL + CELL / 2;
    return """
        <text class="axis" text-anchor="start" transform="translate(%d %d) rotate(-45)">%s</text>\
        <text class="axis" x="%d" y="%d" text-anchor="end">%s</text>
        """
        .formatted(middle, TOP - 6, name, LEFT - 6, TOP + index * CELL + CELL / 2 + 4, name);
  }

  private String row(int truth) {
    long examples = counts.get(truth).stream().sum();
    return IntStream.range(0, names.size())
        .mapToObj(named -> cell(truth, named, examples))
        .collect(joining());
  }

  private String cell(int truth, int named, long examples) {
    long count = counts.get(truth).get(named);
    double share = examples == 0 ? 0 : (double) count / examples;
    int x = LEFT + named * CELL;
    int y = TOP + truth * CELL;
    String number =
        count == 0
            ? ""
            : "<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d</text>"
                .formatted(share > 0.5 ? "on" : "off", x + CELL / 2, y + CELL / 2 + 4, count);
    return String.format(
        Locale.ROOT,
        "<g><title>%s, named %s: %d of %d</title><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\""
            + " height=\"%d\" fill-opacity=\"%.3f\"/>%s</g>%n",
        HtmlReport.escape(names.get(truth)),
        HtmlReport.escape(names.get(named)),
        count,
        examples,
        truth == named ? "cell right" : "cell",
        x,
        y,
        CELL - 2,
        CELL - 2,
        count == 0 ? 0.04 : opacity(share),
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
