package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;

/**
 * A part of a page.
 *
 * @param heading of the part
 * @param blocks one below the other
 */
public record Section(String heading, ImmutableList<Block> blocks) {
  /** A part with these pieces. */
  public static Section of(String heading, Block... blocks) {
    return new Section(heading, ImmutableList.copyOf(blocks));
  }

  /** A part with these pieces. */
  public static Section of(String heading, List<? extends Block> blocks) {
    return new Section(heading, ImmutableList.copyOf(blocks));
  }

  String html() {
    return String.format(
        Locale.ROOT,
        """
        <section>
        <h2>%s</h2>
        %s</section>
        """,
        HtmlReport.escape(heading),
        blocks.stream().map(Block::html).collect(joining()));
  }
}
