package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.html.HtmlEscapers;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A page that needs nothing beside it: styles, charts and pictures are inline, and it follows the
 * reader's light or dark setting.
 *
 * @param title of the page
 * @param lead the result in a sentence or two
 * @param sections in the order shown; those without content are left out
 */
public record HtmlReport(String title, String lead, ImmutableList<Section> sections) {

  /** The page. */
  public String html() {
    return String.format(
        Locale.ROOT,
        """
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
        %s</main>
        </body>
        </html>
        """,
        escape(title),
        style(),
        escape(title),
        escape(lead),
        sections.stream()
            .filter(section -> !section.blocks().isEmpty())
            .map(Section::html)
            .collect(joining()));
  }

  /** Text as HTML shows it. */
  static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
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
