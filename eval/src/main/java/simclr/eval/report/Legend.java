package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableMap;
import java.util.Locale;

/**
 * Terms and what they mean.
 *
 * @param terms each with its meaning, and the split it is measured on
 */
public record Legend(ImmutableMap<String, String> terms) implements Block {
  @Override
  public String html() {
    return terms.entrySet().stream()
        .map(
            term ->
                String.format(
                    Locale.ROOT,
                    "<dt>%s</dt><dd>%s</dd>\n",
                    HtmlReport.escape(term.getKey()),
                    HtmlReport.escape(term.getValue())))
        .collect(joining("", "<dl>\n", "</dl>\n"));
  }
}
