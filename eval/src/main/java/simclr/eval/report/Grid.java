package simclr.eval.report;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;

/**
 * Charts beside one another, as many as fit.
 *
 * @param charts in reading order
 */
public record Grid(ImmutableList<Block> charts) implements Block {
  /** These charts. */
  public static Grid of(List<? extends Block> charts) {
    return new Grid(ImmutableList.copyOf(charts));
  }

  @Override
  public String html() {
    // Three in a row would leave the fourth alone.
    boolean two = charts.size() == 2 || charts.size() == 4;
    return String.format(Locale.ROOT, "<div class=\"charts%s\">\n", two ? " two" : "")
        + charts.stream().map(Block::html).collect(joining())
        + "</div>\n";
  }
}
