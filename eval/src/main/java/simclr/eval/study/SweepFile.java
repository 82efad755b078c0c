package simclr.eval.study;

import static com.google.common.base.Preconditions.checkState;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TextFile;

/**
 * Reads a study from a text file:
 *
 * <pre>
 *   file    = { line }
 *   line    = "#" text
 *           | key "=" text                       title, published, evaluation, layers
 *           | "--" flag "=" value                of all runs; below a [name], of that run
 *           | "axis" flag "=" value { "," value }     each run once with each value
 *           | "contrast" side "minus" side "|" setting    a difference that was published
 *           | "[" name [ "|" setting ] "]"       a run; the setting of its published row
 *   side    = name [ "at" layer ]              the first of the layers where none is named
 * </pre>
 *
 * <p>{@code published} names an ablation of the paper ({@code simclr_ablations.csv}), or is {@code
 * batch and epochs}, whose row follows from batch size, epochs and scaling. {@code layers} are
 * those of {@code probe}; the first counts.
 */
final class SweepFile {
  private static final Pattern SETTING = Pattern.compile("(\\w+)\\s*=\\s*(.*)");
  private static final Pattern FLAG = Pattern.compile("--(\\w+)=(.*)");
  private static final Pattern AXIS = Pattern.compile("axis\\s+(\\w+)\\s*=\\s*(.*)");
  private static final Pattern CONTRAST =
      Pattern.compile("contrast\\s+(.+?)\\s+minus\\s+(.+?)\\s*\\|\\s*(.+)");
  private static final Pattern SIDE = Pattern.compile("(.+?)(?:\\s+at\\s+(\\w+))?");
  private static final Pattern RUN = Pattern.compile("\\[([^|\\]]+)(?:\\|([^\\]]+))?\\]");
  private static final Splitter VALUES = Splitter.on(',').trimResults().omitEmptyStrings();

  private final Path file;
  private final Map<String, String> settings = new LinkedHashMap<>();
  private final Map<String, String> base = new LinkedHashMap<>();
  private final Map<String, List<String>> axes = new LinkedHashMap<>();
  private final List<Section> sections = new ArrayList<>();
  private final List<Matcher> contrasts = new ArrayList<>();

  private record Section(String name, Optional<String> published, Map<String, String> flags) {}

  private SweepFile(Path file) {
    this.file = file;
  }

  /**
   * Reads a file.
   *
   * @param given flags that go before those of all runs
   * @throws UserException NO_INPUT if it cannot be read; USAGE, naming file and line, if a line is
   *     none of the above, or a flag or run stands there twice
   */
  static Study read(Path file, Map<String, String> given) {
    List<String> lines;
    try {
      lines = TextFile.lines(file);
    } catch (NoSuchFileException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is not there, expected the file of a study", file);
    } catch (IOException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s cannot be read (%s), expected the file of a study", file, e);
    }
    SweepFile sweep = new SweepFile(file);
    for (int i = 0; i < lines.size(); i++) {
      sweep.add(lines.get(i).strip(), i + 1);
    }
    return sweep.study(given);
  }

  private void add(String line, int number) {
    if (line.isEmpty() || line.startsWith("#")) {
      return;
    }
    Matcher flag = FLAG.matcher(line);
    Matcher axis = AXIS.matcher(line);
    Matcher contrast = CONTRAST.matcher(line);
    Matcher run = RUN.matcher(line);
    Matcher setting = SETTING.matcher(line);
    if (flag.matches()) {
      Map<String, String> flags =
          sections.isEmpty() ? base : sections.get(sections.size() - 1).flags();
      putOnce(flags, flag.group(1), flag.group(2), number);
    } else if (axis.matches()) {
      List<String> values = VALUES.splitToList(axis.group(2));
      if (values.isEmpty() || axes.put(axis.group(1), values) != null) {
        throw wrong(number, line, "an axis with values, once for each flag");
      }
    } else if (contrast.matches()) {
      contrasts.add(contrast);
    } else if (run.matches()) {
      String name = run.group(1).strip();
      if (sections.stream().anyMatch(section -> section.name().equals(name))) {
        throw wrong(number, line, "another name for each run");
      }
      sections.add(
          new Section(
              name, Optional.ofNullable(run.group(2)).map(String::strip), new LinkedHashMap<>()));
    } else if (setting.matches()) {
      putOnce(settings, setting.group(1), setting.group(2), number);
    } else {
      throw wrong(
          number,
          line,
          "--flag=value, axis flag = values, contrast run minus run | setting, [run] or a setting");
    }
  }

  private Study study(Map<String, String> given) {
    for (String key : settings.keySet()) {
      if (!List.of("title", "published", "evaluation", "layers").contains(key)) {
        throw new UserException(
            ExitCode.USAGE,
            "%s sets %s, expected title, published, evaluation or layers",
            file,
            Quoted.of(key));
      }
    }
    List<Section> runs =
        sections.isEmpty()
            ? List.of(new Section("", Optional.empty(), new LinkedHashMap<>()))
            : sections;
    ImmutableList.Builder<PlannedRun> planned = ImmutableList.builder();
    for (Section section : runs) {
      for (Map<String, String> point : points()) {
        Map<String, String> flags = new LinkedHashMap<>(base);
        flags.putAll(given);
        flags.putAll(section.flags());
        flags.putAll(point);
        planned.add(
            new PlannedRun(
                name(section.name(), point), ImmutableMap.copyOf(flags), section.published()));
      }
    }
    ImmutableList<String> layers =
        ImmutableList.copyOf(VALUES.splitToList(settings.getOrDefault("layers", "h")));
    return new Study(
        settings.getOrDefault("title", String.valueOf(file.getFileName())),
        Optional.ofNullable(settings.get("published")),
        StudyEvaluation.of(settings.getOrDefault("evaluation", "probe")),
        layers,
        planned.build(),
        contrasts.stream()
            .map(
                found ->
                    new Contrast(
                        side(found.group(1), layers), side(found.group(2), layers), found.group(3)))
            .collect(toImmutableList()));
  }

  private static Contrast.Side side(String text, List<String> layers) {
    Matcher side = SIDE.matcher(text);
    checkState(side.matches(), "%s", text);
    return new Contrast.Side(
        side.group(1), Optional.ofNullable(side.group(2)).orElse(layers.get(0)));
  }

  /** One for each combination of the axes' values, the last axis turning fastest. */
  private List<Map<String, String>> points() {
    List<Map<String, String>> points = List.of(Map.of());
    for (Map.Entry<String, List<String>> axis : axes.entrySet()) {
      List<Map<String, String>> longer = new ArrayList<>();
      for (Map<String, String> point : points) {
        for (String value : axis.getValue()) {
          Map<String, String> next = new LinkedHashMap<>(point);
          next.put(axis.getKey(), value);
          longer.add(next);
        }
      }
      points = longer;
    }
    return points;
  }

  private static String name(String section, Map<String, String> point) {
    List<String> parts = new ArrayList<>();
    if (!section.isEmpty()) {
      parts.add(section);
    }
    point.forEach((flag, value) -> parts.add(flag + "=" + value));
    return parts.isEmpty() ? "run" : String.join(", ", parts);
  }

  private void putOnce(Map<String, String> map, String key, String value, int number) {
    if (map.put(key, value.strip()) != null) {
      throw wrong(number, key, "it once");
    }
  }

  private UserException wrong(int number, String line, String expected) {
    return new UserException(
        ExitCode.USAGE,
        "%s line %s is \"%s\", expected %s",
        file,
        number,
        Quoted.of(line),
        expected);
  }
}
