package simclr.eval.published;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import java.util.Map;

/**
 * The published results: {@value #FILE}, one row for each figure, with the settings under which it
 * came about as far as its source states them.
 *
 * <p>Columns: {@code table} of origin, {@code origin}, {@code name}; {@code setting} of an
 * ablation; those of {@link Setting}, each in the words of its {@link Term}, empty where it is not
 * stated; {@code metric}, {@code value}, {@code note}; {@code detail}: what else the source's table
 * holds; {@code source}, {@code verified}.
 */
public final class PublishedTables {
  private static final String FILE = "results.csv";
  private static final String ABLATIONS = "simclr_ablations";
  private static final ImmutableList<PublishedResult> ALL =
      CsvTable.ofResource(FILE).rows().stream()
          .map(PublishedTables::result)
          .collect(toImmutableList());

  private PublishedTables() {}

  /** Every published accuracy, table by table. */
  public static ImmutableList<PublishedResult> results() {
    return ALL.stream().filter(row -> !row.table().equals(ABLATIONS)).collect(toImmutableList());
  }

  /** The paper's ablations: {@code name} is what was varied, {@code setting} to what. */
  public static ImmutableList<PublishedResult> ablations() {
    return ALL.stream().filter(row -> row.table().equals(ABLATIONS)).collect(toImmutableList());
  }

  private static PublishedResult result(Map<String, String> row) {
    try {
      Conditions conditions = Conditions.none();
      for (Setting setting : Setting.values()) {
        conditions = conditions.with(setting, get(row, Ascii.toLowerCase(setting.name())));
      }
      if (get(row, "value").isEmpty() || get(row, "source").isEmpty()) {
        throw new IllegalArgumentException("value and source must not be empty");
      }
      return new PublishedResult(
          get(row, "table"),
          Origin.valueOf(Ascii.toUpperCase(get(row, "origin"))),
          get(row, "name"),
          get(row, "setting"),
          conditions,
          get(row, "metric"),
          get(row, "value"),
          get(row, "note"),
          get(row, "source"),
          Verified.of(get(row, "verified")));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(FILE + " row " + row + ": " + e.getMessage(), e);
    }
  }

  private static String get(Map<String, String> row, String column) {
    String value = row.get(column);
    if (value == null) {
      throw new IllegalArgumentException("there is no column " + column);
    }
    return value;
  }
}
