package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.html.HtmlEscapers;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A run on one page that needs nothing beside it: styles, charts and pictures are inline, and it
 * follows the reader's light or dark setting.
 *
 * @param title of the page
 * @param lead the result in a sentence or two
 * @param bars accuracies that are compared
 * @param barsCaption how they were measured
 * @param chance accuracy of guessing, 0 to 1
 * @param curves in the order shown; those without points are left out
 * @param pictures below the curves
 * @param legend term and what it means, and on which split it was measured
 * @param tables heading, then name and value of each row; folded away
 */
public record HtmlReport(
    String title,
    String lead,
    List<Bar> bars,
    String barsCaption,
    double chance,
    List<Curve> curves,
    List<Picture> pictures,
    Map<String, String> legend,
    Map<String, Map<String, String>> tables) {

  /** The page. */
  public String html() {
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>%s</title>
        <style>
        %s</style>
        </head>
        <body>
        <main>
        <h1>%s</h1>
        <p class="lead">%s</p>
        <section>
        <h2>Linear probe</h2>
        <div class="card wide">%s</div>
        <p class="caption">%s</p>
        </section>
        <section>
        <h2>Training</h2>
        <div class="charts">
        %s</div>
        </section>
        %s<section>
        <h2>What the figures mean</h2>
        <dl>
        %s</dl>
        </section>
        %s</main>
        </body>
        </html>
        """
        .formatted(
            escape(title),
            style(),
            escape(title),
            escape(lead),
            BarChart.svg(bars, chance),
            escape(barsCaption),
            join(curves.stream().filter(curve -> !curve.points().isEmpty()), HtmlReport::chart),
            join(pictures.stream(), HtmlReport::figure),
            join(legend.entrySet().stream(), HtmlReport::definition),
            join(tables.entrySet().stream(), t -> table(t.getKey(), t.getValue())));
  }

  private static String chart(Curve curve) {
    return """
        <figure class="card"><figcaption>%s</figcaption>
        %s</figure>
        """
        .formatted(escape(curve.title()), LineChart.svg(curve));
  }

  private static String figure(Picture picture) {
    return """
        <section>
        <h2>%s</h2>
        <div class="card"><img class="sheet" width="%d" height="%d" alt="%s"
        src="data:image/png;base64,%s"></div>
        <p class="caption">%s</p>
        </section>
        """
        .formatted(
            escape(picture.title()),
            picture.width(),
            picture.height(),
            escape(picture.title()),
            picture.png(),
            escape(picture.caption()));
  }

  private static String definition(Map.Entry<String, String> term) {
    return """
        <dt>%s</dt><dd>%s</dd>
        """
        .formatted(escape(term.getKey()), escape(term.getValue()));
  }

  private static String table(String heading, Map<String, String> rows) {
    return """
        <details>
        <summary>%s</summary>
        <table>
        %s</table>
        </details>
        """
        .formatted(
            escape(heading),
            join(
                rows.entrySet().stream(),
                row ->
                    """
                    <tr><th scope="row">%s</th><td>%s</td></tr>
                    """
                        .formatted(escape(row.getKey()), escape(row.getValue()))));
  }

  /** Text as HTML shows it. */
  static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }

  private static <T> String join(Stream<T> parts, Function<T, String> html) {
    return parts.map(html).collect(joining());
  }

  private static String style() {
    try {
      return Resources.toString(
          Resources.getResource(HtmlReport.class, "report.css"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
