package simclr.eval.published;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A table of text: one header line, comma-separated, fields with commas or quotes in quotes (RFC
 * 4180).
 *
 * @param name for messages
 * @param rows by column name; every row has every column
 */
record CsvTable(String name, ImmutableList<ImmutableMap<String, String>> rows) {

  /** A table that is part of this program. */
  static CsvTable ofResource(String name) {
    try {
      return parse(
          name,
          Resources.toString(Resources.getResource(CsvTable.class, name), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a table.
   *
   * @throws IllegalArgumentException naming the record that is not as long as the header, or the
   *     quote that is not closed
   */
  static CsvTable parse(String name, String text) {
    List<List<String>> records = records(name, text);
    if (records.isEmpty()) {
      throw new IllegalArgumentException(name + " is empty, expected a header line");
    }
    List<String> head = records.get(0);
    ImmutableList.Builder<ImmutableMap<String, String>> rows = ImmutableList.builder();
    for (int i = 1; i < records.size(); i++) {
      List<String> fields = records.get(i);
      if (fields.size() != head.size()) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s record %d has %d fields, expected %d",
                name,
                i,
                fields.size(),
                head.size()));
      }
      ImmutableMap.Builder<String, String> row = ImmutableMap.builder();
      for (int c = 0; c < head.size(); c++) {
        row.put(head.get(c), fields.get(c));
      }
      rows.add(row.buildOrThrow());
    }
    return new CsvTable(name, rows.build());
  }

  private static List<List<String>> records(String name, String text) {
    List<List<String>> records = new ArrayList<>();
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c != '"') {
          field.append(c);
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == ',' || c == '\n') {
        fields.add(field.toString());
        field.setLength(0);
        if (c == '\n') {
          records.add(fields);
          fields = new ArrayList<>();
        }
      } else if (c != '\r') {
        field.append(c);
      }
    }
    if (quoted) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%s record %d has a quote that is not closed", name, records.size()));
    }
    if (!fields.isEmpty() || field.length() > 0) {
      fields.add(field.toString());
      records.add(fields);
    }
    return records;
  }
}
