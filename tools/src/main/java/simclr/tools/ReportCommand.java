package simclr.tools;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.runs.RunReport;

/** {@code report}: runs as one page, beside the published numbers. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Writes one or several runs as a self-contained HTML page, and as JSON beside it: curves,"
          + " evaluations with their splits and intervals, classes, neighbours, maps of h and z,"
          + " augmented pairs, settings, and the published numbers with what may be compared.",
      "What a probe left below <run>/eval/ is taken in."
    })
final class ReportCommand implements Callable<Integer> {
  private final Main main;

  @Parameters(
      arity = "1..*",
      paramLabel = "<run>",
      description = "Directories of runs (their --model_dir), or of single evaluations.")
  private List<Path> runs = new ArrayList<>();

  @Option(
      names = "--output",
      paramLabel = "<file>",
      description = "The page; the JSON gets the ending .json. Default: ${DEFAULT-VALUE}.")
  private Path output = Path.of("report.html");

  @Option(
      names = "--sample",
      paramLabel = "<int>",
      description =
          "Test images of each run to encode for neighbours and maps, at most 2000; 0 leaves them"
              + " out. Default: ${DEFAULT-VALUE}.")
  private int sample = RunReport.SAMPLE;

  @Option(
      names = "--data_dir",
      paramLabel = "<dir>",
      description = "Where the data sets lie now, if not where the runs had them.")
  private Optional<String> dataDir = Optional.empty();

  ReportCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    if (sample < 0 || sample > 2000) {
      throw new UserException(ExitCode.USAGE, "--sample is %s, expected 0 to 2000", sample);
    }
    AtomicBoolean stop = new AtomicBoolean();
    try (Interrupts interrupts = Interrupts.install(() -> stop.set(true))) {
      Optional<RunReport> report = RunReport.of(runs, dataDir, sample, main.reporter(), stop::get);
      if (report.isEmpty()) {
        return interrupts.status().orElseThrow();
      }
      Path json = report.get().write(output);
      if (main.json()) {
        main.out().print(report.get().json());
        main.out().flush();
      } else {
        main.out()
            .println(String.format(Locale.ROOT, "report: %s, and for programs %s", output, json));
      }
      return ExitCode.OK.status();
    }
  }
}
