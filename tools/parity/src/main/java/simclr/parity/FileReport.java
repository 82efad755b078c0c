package simclr.parity;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Multimaps;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/**
 * What came of one golden file.
 *
 * @param file its name
 * @param kind which format it has, e.g. {@code step}
 * @param seconds wall time
 * @param notes sentences about how the numbers came about
 */
public record FileReport(
    String file,
    String kind,
    double seconds,
    ImmutableList<Quantity> quantities,
    ImmutableList<String> notes) {
  private static final int FAILURES_SHOWN = 10;
  private static final Comparator<Quantity> BY_STRAIN =
      Comparator.comparingDouble(quantity -> quantity.strain());

  long failures() {
    return quantities.stream().filter(quantity -> !quantity.holds()).count();
  }

  boolean holds() {
    return failures() == 0;
  }

  /** A line for each group of quantities, and below it those that fail. */
  public String table() {
    StringBuilder table = new StringBuilder(heading());
    Multimaps.index(quantities, Quantity::group)
        .asMap()
        .forEach((group, members) -> appendGroup(table, group, members));
    return table.toString();
  }

  /** A line for each quantity. */
  public String list() {
    StringBuilder list = new StringBuilder(heading());
    for (Quantity quantity : quantities) {
      appendGroup(list, quantity.group(), ImmutableList.of(quantity));
      list.append("    ").append(quantity.name()).append(": ").append(quantity.worst());
      list.append(System.lineSeparator());
    }
    return list.toString();
  }

  private String heading() {
    StringBuilder heading = new StringBuilder();
    notes.forEach(
        note -> heading.append(file).append(": ").append(note).append(System.lineSeparator()));
    return heading + title();
  }

  private String title() {
    return String.format(
        Locale.ROOT,
        "%s: %s, %d quantities, %s (%.1f s)%n  %-36s %9s %9s %11s %11s  %s%n",
        file,
        kind,
        quantities.size(),
        holds() ? "all hold" : failures() + " FAIL",
        seconds,
        "quantity",
        "count",
        "numbers",
        "worst error",
        "tolerance",
        "verdict");
  }

  private static void appendGroup(StringBuilder table, String group, Collection<Quantity> members) {
    Quantity worst = members.stream().max(BY_STRAIN).orElseThrow();
    ImmutableList<Quantity> failing =
        members.stream()
            .filter(quantity -> !quantity.holds())
            .sorted(BY_STRAIN.reversed())
            .collect(ImmutableList.toImmutableList());
    table.append(
        String.format(
            Locale.ROOT,
            "  %-36s %9d %9d %11.3g %11.3g  %s%n",
            group,
            members.size(),
            members.stream().mapToLong(Quantity::numbers).sum(),
            worst.error(),
            worst.tolerance(),
            failing.isEmpty() ? "holds" : "FAILS"));
    failing.stream()
        .limit(FAILURES_SHOWN)
        .forEach(
            quantity ->
                table.append(
                    String.format(
                        Locale.ROOT,
                        "    fails: %s: %s (error %.3g, tolerance %.3g)%n",
                        quantity.name(),
                        quantity.worst(),
                        quantity.error(),
                        quantity.tolerance())));
    if (failing.size() > FAILURES_SHOWN) {
      table.append(
          String.format(Locale.ROOT, "    and %d more%n", failing.size() - FAILURES_SHOWN));
    }
  }
}
