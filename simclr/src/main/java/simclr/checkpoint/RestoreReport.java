package simclr.checkpoint;

import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import simclr.config.Quoted;

/**
 * How a checkpoint fits what was to be restored. Variables are named by their paths.
 *
 * @param file the checkpoint's prefix
 * @param matched restored
 * @param missing asked for and not in the file; they keep the value that they had
 * @param unused in the file and not asked for
 * @param mismatched in both, with other shapes or types; they keep the value that they had
 */
public record RestoreReport(
    String file,
    ImmutableList<String> matched,
    ImmutableList<String> missing,
    ImmutableList<String> unused,
    ImmutableList<Mismatch> mismatched) {

  /**
   * A variable of which file and model hold different tensors.
   *
   * @param inFile e.g. {@code float32 (512, 10)}
   * @param asked e.g. {@code float32 (512, 100)}
   */
  public record Mismatch(String path, String inFile, String asked) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s is %s, expected %s", path, inFile, asked);
    }
  }

  /** Whether everything that was asked for has been restored. */
  boolean complete() {
    return missing.isEmpty() && mismatched.isEmpty();
  }

  /** One line: the file and the four counts. */
  String summary() {
    return String.format(
        Locale.ROOT,
        "%s: %d matched, %d missing, %d of another shape, %d unused",
        file,
        matched.size(),
        missing.size(),
        mismatched.size(),
        unused.size());
  }

  /** What to tell the user: one line if everything fits, else the whole table. */
  public String text() {
    return complete() ? summary() : table();
  }

  /** The counts, then a line for everything that did not match. */
  String table() {
    return table(Integer.MAX_VALUE);
  }

  /** The counts, then at most {@code rows} lines of each kind. */
  String table(int rows) {
    return Stream.of(
            Stream.of(summary()),
            lines("missing", missing, rows),
            lines("shape", mismatched, rows),
            lines("unused", unused, rows))
        .flatMap(lines -> lines)
        .collect(joining("\n"));
  }

  private static Stream<String> lines(String kind, List<?> entries, int rows) {
    Stream<String> shown =
        entries.stream()
            .limit(rows)
            .map(e -> String.format(Locale.ROOT, "  %-8s %s", kind, Quoted.of(e.toString())));
    int more = entries.size() - rows;
    return more <= 0
        ? shown
        : Stream.concat(
            shown, Stream.of(String.format(Locale.ROOT, "  %-8s and %d more", kind, more)));
  }

  /** {@code (512, 10)}, as Python writes it; {@code ()} for a scalar. */
  static String text(Shape shape) {
    return Stream.of(shape.toListOrNull())
        .map(
            sizes ->
                sizes == null
                    ? "unknown"
                    : sizes.stream().map(String::valueOf).collect(joining(", ", "(", ")")))
        .collect(joining());
  }
}
