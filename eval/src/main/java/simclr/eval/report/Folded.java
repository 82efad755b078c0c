package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;

/**
 * Detail that is shown when asked for.
 *
 * @param summary the line that is always there
 * @param blocks what it opens
 */
public record Folded(String summary, ImmutableList<Block> blocks) implements Block {
  /** Pieces behind a line. */
  public static Folded of(String summary, List<? extends Block> blocks) {
    return new Folded(summary, ImmutableList.copyOf(blocks));
  }

  @Override
  public String html() {
    return String.format(
        Locale.ROOT,
        "<details>\n<summary>%s</summary>\n%s</details>\n",
        HtmlReport.escape(summary),
        blocks.stream().map(Block::html).collect(joining()));
  }
}
