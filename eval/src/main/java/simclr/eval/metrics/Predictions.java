package simclr.eval.metrics;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.DurableFiles;
import simclr.io.TextFile;

/**
 * What was answered to each test example, in the split's order.
 *
 * <p>As a file it is {@value #FILE}, a header and a line for each example:
 *
 * <pre>
 *   example,label,predicted,correct_top5
 *   0,3,3,true
 *   1,8,1,false
 * </pre>
 *
 * <p>{@code example} counts from 0; {@code correct_top5} is empty with five or fewer classes.
 *
 * @param rows one for each example
 */
public record Predictions(ImmutableList<Row> rows) {
  /** The name beside an evaluation's {@code result.json}. */
  public static final String FILE = "predictions.csv";

  private static final String HEADER = "example,label,predicted,correct_top5";
  private static final Splitter LINES = Splitter.on('\n');
  private static final Splitter FIELDS = Splitter.on(',');

  /**
   * One example.
   *
   * @param label its class
   * @param predicted the class of the best score
   * @param correctTop5 whether its class is among the best five; empty with five or fewer classes
   */
  public record Row(int label, int predicted, Optional<Boolean> correctTop5) {
    public boolean correct() {
      return label == predicted;
    }
  }

  public Predictions {
    checkArgument(
        rows.stream().map(row -> row.correctTop5().isPresent()).distinct().count() <= 1,
        "rows must all have top-5, or none of them");
  }

  /** Share of right first guesses; there must be a row. */
  Accuracy top1() {
    return new Accuracy(rows.stream().filter(Row::correct).count(), rows.size());
  }

  /** Share of examples whose class is among the best five; empty with five or fewer classes. */
  public Optional<Accuracy> top5() {
    return rows.stream().allMatch(row -> row.correctTop5().isPresent())
        ? Optional.of(
            new Accuracy(
                rows.stream().filter(row -> row.correctTop5().orElseThrow()).count(), rows.size()))
        : Optional.empty();
  }

  /** Whether each first guess was right. */
  public boolean[] correct() {
    boolean[] correct = new boolean[rows.size()];
    for (int i = 0; i < correct.length; i++) {
      correct[i] = rows.get(i).correct();
    }
    return correct;
  }

  /**
   * Replaces {@code file}.
   *
   * @throws UserException CANNOT_WRITE
   */
  public void write(Path file) {
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      text.append(i).append(',').append(row.label()).append(',').append(row.predicted());
      text.append(',').append(row.correctTop5().map(Object::toString).orElse("")).append('\n');
    }
    DurableFiles.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws UserException NO_INPUT if it is not there, DATA naming the line that is wrong
   */
  public static Predictions read(Path file) {
    String text;
    try {
      text = TextFile.text(file);
    } catch (NoSuchFileException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s is not there, expected the predictions of an evaluation", file);
    } catch (CharacterCodingException e) {
      throw new UserException(ExitCode.DATA, "%s is not text, expected %s", file, HEADER);
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", file, e);
    }
    List<String> lines = LINES.splitToStream(text).map(Predictions::withoutReturn).toList();
    if (!lines.get(0).equals(HEADER)) {
      throw broken(file, 1, lines.get(0), HEADER);
    }
    if (!lines.get(lines.size() - 1).isEmpty()) {
      // A last line without its end may be half of one.
      throw broken(file, lines.size(), lines.get(lines.size() - 1), "a line that is ended");
    }
    if (lines.size() == 2) {
      throw new UserException(ExitCode.DATA, "%s holds no example, expected at least one", file);
    }
    ImmutableList.Builder<Row> rows = ImmutableList.builder();
    for (int i = 0; i < lines.size() - 2; i++) {
      rows.add(row(file, i, lines.get(i + 1)));
    }
    try {
      return new Predictions(rows.build());
    } catch (IllegalArgumentException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s leaves correct_top5 empty on some lines, expected that on all or none",
          file);
    }
  }

  private static Row row(Path file, int example, String line) {
    List<String> fields = FIELDS.splitToList(line);
    int number = example + 2;
    if (fields.size() != 4) {
      throw broken(file, number, line, "4 fields: " + HEADER);
    }
    int index = count(file, number, line, fields.get(0));
    if (index != example) {
      throw broken(file, number, line, "example " + example);
    }
    Optional<Boolean> top5 =
        switch (fields.get(3)) {
          case "" -> Optional.empty();
          case "true" -> Optional.of(true);
          case "false" -> Optional.of(false);
          default -> throw broken(file, number, line, "correct_top5 to be true, false or empty");
        };
    return new Row(
        count(file, number, line, fields.get(1)), count(file, number, line, fields.get(2)), top5);
  }

  private static int count(Path file, int number, String line, String field) {
    try {
      int value = Integer.parseInt(field);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw broken(file, number, line, "whole numbers from 0 on");
  }

  private static UserException broken(Path file, int number, String line, String expected) {
    return new UserException(
        ExitCode.DATA,
        "%s line %s is \"%s\", expected %s",
        file,
        number,
        Quoted.of(line),
        expected);
  }

  private static String withoutReturn(String line) {
    return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
  }

  /** The true class of each example. */
  ImmutableList<Integer> labels() {
    return rows.stream().map(Row::label).collect(toImmutableList());
  }
}
