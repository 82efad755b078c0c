package simclr.tools;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.UserException.ExitCode;
import simclr.parity.FileReport;
import simclr.parity.ParityReport;

/** {@code parity}: replays golden files and prints worst error, tolerance, verdict. */
@Command(
    name = "parity",
    mixinStandardHelpOptions = true,
    description = {
      "Computes the numbers of golden files again and compares.",
      "A file's format is told by its content; testdata/golden has files of every format. A line"
          + " stands for all quantities of a sort and shows the one closest to its tolerance.",
      "Exit status 0 if every quantity holds, 65 if one fails."
    })
final class Parity implements Callable<Integer> {
  private final Main main;

  @Option(names = "--all", description = "Print every quantity instead of a line for each sort.")
  private boolean all;

  @Parameters(paramLabel = "<file>", arity = "1..*", description = "Golden files, *.json.")
  private List<Path> files = new ArrayList<>();

  Parity(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    ParityReport report = ParityReport.check(files, this::print);
    main.out().println(main.json() ? report.json() : report.summary());
    return report.holds() ? ExitCode.OK.status() : ExitCode.DATA.status();
  }

  private void print(FileReport file) {
    if (!main.json()) {
      main.out().println(all ? file.list() : file.table());
      main.out().flush();
    }
  }
}
