package simclr.eval.study;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import simclr.eval.compare.McNemar;
import simclr.eval.metrics.Accuracy;
import simclr.eval.published.Verified;
import simclr.eval.report.Bar;
import simclr.eval.report.BarChart;
import simclr.eval.report.Block;
import simclr.eval.report.HtmlReport;
import simclr.eval.report.Paragraph;
import simclr.eval.report.Section;
import simclr.eval.report.Table;
import simclr.eval.report.Table.Cell;
import simclr.io.DurableFiles;

/**
 * The outcome of a study as a table, and as a page with a plot.
 *
 * @param rows one for each run, in the study's order
 * @param differences one for each contrast of the study
 */
public record StudyResult(
    Study study, ImmutableList<StudyRow> rows, ImmutableList<Difference> differences) {
  /** Beside the runs, in the study's directory. */
  private static final String NAME = "study";

  private static final ImmutableList<String> DIFFERENCE_HEAD =
      ImmutableList.of("difference", "points", "95 % interval", "McNemar p", "published");

  private static final String NOT_COMPARABLE =
      "Published values are ImageNet's, with ResNet-50 and the paper's batch and epochs. They stand"
          + " here for the order of the choices; another network, data set or length of training"
          + " makes ours minus the published one meaningless, so it is not given.";

  /** Writes {@code study.txt}, {@code .csv}, {@code .json} and {@code .html}. */
  void write(Path directory) {
    Map.of("txt", text(), "csv", csv(), "json", json() + "\n", "html", html())
        .forEach(
            (kind, content) ->
                DurableFiles.write(
                    directory.resolve(NAME + "." + kind),
                    content.getBytes(StandardCharsets.UTF_8)));
  }

  /** The page in a study's directory. */
  public static Path page(Path directory) {
    return directory.resolve(NAME + ".html");
  }

  /** A table for a terminal, and what of the paper's order it shows. */
  public String text() {
    StringBuilder text = new StringBuilder(study.title()).append('\n');
    text.append(aligned(head(), rows.stream().map(this::cells).toList()));
    if (!differences.isEmpty()) {
      text.append(aligned(DIFFERENCE_HEAD, differences.stream().map(StudyResult::cells).toList()));
    }
    return text.append(notes().stream().map(note -> note + "\n").collect(Collectors.joining()))
        .toString();
  }

  /** Columns below each other, the first to the left and the others to the right. */
  private static String aligned(List<String> head, List<List<String>> rows) {
    int[] widths = head.stream().mapToInt(String::length).toArray();
    for (List<String> row : rows) {
      for (int c = 0; c < widths.length; c++) {
        widths[c] = Math.max(widths[c], row.get(c).length());
      }
    }
    return Stream.concat(Stream.of(head), rows.stream())
        .map(
            row ->
                IntStream.range(0, widths.length)
                    .mapToObj(
                        c ->
                            c == 0
                                ? Strings.padEnd(row.get(c), widths[c], ' ')
                                : Strings.padStart(row.get(c), widths[c], ' '))
                    .collect(Collectors.joining("  ", "", "\n")))
        .collect(Collectors.joining());
  }

  /** Shares are 0 to 1. */
  public String json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("title", study.title());
    json.put("evaluation", study.evaluation().words());
    json.put("published", study.published().orElse(null));
    ArrayNode runs = json.putArray("runs");
    for (int i = 0; i < rows.size(); i++) {
      StudyRow row = rows.get(i);
      ObjectNode run = runs.addObject().put("name", row.name());
      run.set("flags", new ObjectMapper().valueToTree(study.runs().get(i).flags()));
      ObjectNode layers = run.putObject("layers");
      row.accuracy()
          .forEach(
              (layer, accuracy) -> {
                ObjectNode one = layers.putObject(layer);
                one.put("top_1", accuracy.value()).put("examples", accuracy.total());
                one.putArray("interval")
                    .add(accuracy.interval().low())
                    .add(accuracy.interval().high());
              });
      run.put("contrast_acc", row.contrastAccuracy().orElse(null));
      run.put("contrast_entropy", row.contrastEntropy().orElse(null));
      PublishedRow published = row.published();
      run.put("published", text(published.top1()));
      run.put("published_contrast_acc", text(published.contrastAccuracy()));
      run.put("published_contrast_entropy", text(published.contrastEntropy()));
      run.put(
          "published_verified",
          published.top1().map(value -> value.verified() == Verified.YES).orElse(null));
      run.put("published_source", published.top1().map(PublishedValue::source).orElse(null));
    }
    ArrayNode contrasts = json.putArray("differences");
    for (Difference difference : differences) {
      ObjectNode one = contrasts.addObject().put("contrast", difference.words());
      one.put("top_1", difference.top1()).put("mcnemar_p", difference.p());
      one.putArray("interval").add(difference.interval().low()).add(difference.interval().high());
      one.put("published_points", text(difference.published()));
      one.put("published_source", difference.published().map(PublishedValue::source).orElse(null));
    }
    Orderings orderings = Orderings.of(rows);
    ObjectNode order = json.putObject("orderings");
    order.set("as_published", new ObjectMapper().valueToTree(orderings.same()));
    order.set("undecided", new ObjectMapper().valueToTree(orderings.undecided()));
    order.set("reversed", new ObjectMapper().valueToTree(orderings.reversed()));
    return json.toString();
  }

  private String csv() {
    List<List<String>> lines = new ArrayList<>();
    lines.add(head());
    rows.forEach(row -> lines.add(cells(row)));
    return lines.stream()
        .map(line -> line.stream().map(StudyResult::quoted).collect(Collectors.joining(",")))
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private String html() {
    List<Accuracy> accuracies = rows.stream().map(StudyRow::first).toList();
    double best = accuracies.stream().mapToDouble(Accuracy::value).max().orElse(0);
    ImmutableList<Bar> bars =
        rows.stream()
            .map(
                row ->
                    new Bar(
                        row.name(),
                        row.published()
                            .top1()
                            .map(value -> "published: " + shown(value))
                            .orElse(""),
                        row.first(),
                        row.first().value() == best))
            .collect(toImmutableList());
    List<Section> sections = new ArrayList<>();
    CompositionMatrix.of(study, rows)
        .ifPresent(matrix -> sections.add(Section.of("First and second transformation", matrix)));
    sections.add(
        Section.of(
            "Top-1 on the test split",
            new BarChart(
                bars,
                1.0 / rows.get(0).classes(),
                study.evaluation().words()
                    + "; layer "
                    + study.layers().get(0)
                    + "; whiskers are 95 % intervals (Wilson) of the test set alone, one run"
                    + " each")));
    if (!differences.isEmpty()) {
      sections.add(
          Section.of(
              "Differences beside the published ones",
              table(DIFFERENCE_HEAD, differences.stream().map(StudyResult::cells).toList())));
    }
    sections.add(
        Section.of(
            "All values",
            ImmutableList.<Block>builder()
                .add(table(head(), rows.stream().map(this::cells).toList()))
                .addAll(notes().stream().map(Paragraph::new).toList())
                .build()));
    return new HtmlReport(
            study.title(),
            String.format(
                Locale.ROOT,
                "%d runs, evaluated alike: %s.",
                rows.size(),
                study.evaluation().words()),
            ImmutableList.copyOf(sections))
        .html();
  }

  private static Table table(List<String> head, List<List<String>> rows) {
    return Table.of(
        head,
        rows.stream()
            .map(
                row ->
                    Stream.concat(
                            Stream.of(Cell.name(row.get(0))),
                            row.stream().skip(1).map(Cell::number))
                        .toList())
            .toList());
  }

  private List<String> head() {
    List<String> head = new ArrayList<>(List.of("run"));
    study
        .layers()
        .forEach(
            layer -> {
              head.add("top-1 % (" + layer + ")");
              head.add("95 % interval");
            });
    head.addAll(List.of("contrast acc %", "entropy", "published"));
    if (contrastIsPublished()) {
      head.addAll(List.of("published acc", "published entropy"));
    }
    return head;
  }

  private List<String> cells(StudyRow row) {
    List<String> cells = new ArrayList<>(List.of(row.name()));
    for (String layer : study.layers()) {
      Optional<Accuracy> accuracy = Optional.ofNullable(row.accuracy().get(layer));
      cells.add(accuracy.map(found -> percent(found.value())).orElse("-"));
      cells.add(
          accuracy
              .map(Accuracy::interval)
              .map(interval -> percent(interval.low()) + " to " + percent(interval.high()))
              .orElse("-"));
    }
    cells.add(row.contrastAccuracy().map(StudyResult::percent).orElse("-"));
    cells.add(
        row.contrastEntropy().map(value -> String.format(Locale.ROOT, "%.2f", value)).orElse("-"));
    cells.add(row.published().top1().map(StudyResult::shown).orElse("-"));
    if (contrastIsPublished()) {
      cells.add(row.published().contrastAccuracy().map(StudyResult::shown).orElse("-"));
      cells.add(row.published().contrastEntropy().map(StudyResult::shown).orElse("-"));
    }
    return cells;
  }

  private static List<String> cells(Difference difference) {
    return List.of(
        difference.words(),
        points(difference.top1()),
        points(difference.interval().low()) + " to " + points(difference.interval().high()),
        McNemar.inWords(difference.p()),
        difference.published().map(StudyResult::shown).orElse("-"));
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    Orderings orderings = Orderings.of(rows);
    if (!orderings.isEmpty()) {
      notes.add(orderings.sentence());
    }
    List<PublishedValue> published =
        Stream.concat(
                rows.stream().map(row -> row.published().top1()),
                differences.stream().map(Difference::published))
            .flatMap(Optional::stream)
            .toList();
    if (!published.isEmpty()) {
      notes.add(NOT_COMPARABLE);
      published.stream()
          .map(PublishedValue::source)
          .distinct()
          .forEach(source -> notes.add("Published: " + source + "."));
    }
    if (published.stream().anyMatch(value -> value.verified() != Verified.YES)) {
      notes.add("* recalled, not read in the source; no verdict rests on it.");
    }
    return notes;
  }

  private boolean contrastIsPublished() {
    return rows.stream().anyMatch(row -> row.published().contrastAccuracy().isPresent());
  }

  private static @Nullable String text(Optional<PublishedValue> value) {
    return value.map(PublishedValue::text).orElse(null);
  }

  private static String shown(PublishedValue value) {
    return value.text() + (value.verified() == Verified.YES ? "" : "*");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f", 100 * share);
  }

  private static String points(double difference) {
    return String.format(Locale.ROOT, "%+.1f", 100 * difference);
  }

  private static String quoted(String cell) {
    return cell.matches("[^\",\n]*") ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }
}
