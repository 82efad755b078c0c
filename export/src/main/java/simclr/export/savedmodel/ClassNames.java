package simclr.export.savedmodel;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.source.DataSource;
import simclr.io.TextFile;

/** Where the names of a classifier's classes come from; a checkpoint does not hold them. */
final class ClassNames {
  private ClassNames() {}

  /**
   * One name a line, in the order of the logits.
   *
   * @throws UserException NO_INPUT if there is no such file, DATA if a line is blank
   */
  static ImmutableList<String> read(Path file) {
    List<String> lines;
    try {
      lines = TextFile.lines(file);
    } catch (NoSuchFileException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "--labels is %s, expected a file with one class name a line", file);
    } catch (IOException e) {
      throw new UserException(ExitCode.DATA, "%s cannot be read (%s), expected UTF-8", file, e);
    }
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).isBlank()) {
        throw new UserException(
            ExitCode.DATA, "%s, line %s is blank, expected a class name", file, i + 1);
      }
    }
    return ImmutableList.copyOf(lines);
  }

  /**
   * Those of the data set that the run was evaluated on.
   *
   * @param say told why there are none
   * @return empty if the data are not there or have other classes
   */
  static ImmutableList<String> ofData(RunConfig config, int classes, Consumer<String> say) {
    String why;
    try {
      ImmutableList<String> names = DataSource.of(config).open(config.evalSplit()).labelNames();
      if (names.size() == classes) {
        return names;
      }
      why =
          String.format(
              Locale.ROOT,
              "%s has %s classes and the checkpoint %s",
              config.dataset(),
              names.size(),
              classes);
    } catch (UserException e) {
      why = e.getMessage();
    }
    say.accept(
        String.format(
            Locale.ROOT, "note: class names are left out (%s); --labels=FILE gives them", why));
    return ImmutableList.of();
  }
}
