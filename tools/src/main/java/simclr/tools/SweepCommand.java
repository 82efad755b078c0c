package simclr.tools;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.Reporter;
import simclr.config.UserException.ExitCode;
import simclr.eval.study.Study;
import simclr.eval.study.StudyResult;
import simclr.eval.study.StudyRun;
import simclr.train.run.Run;

/** {@code sweep}: a study of the paper from its file. */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
final class SweepCommand implements Callable<Integer> {
  private final Main main;
  private final RunFlags flags;

  @Parameters(paramLabel = "<file>", description = "The study, such as configs/losses.sweep.")
  private Path file = Path.of("");

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<dir>",
      description = "Directory of the runs and of the table: study.html, .txt, .csv and .json.")
  private Path output = Path.of("");

  private SweepCommand(Main main, RunFlags flags) {
    this.main = main;
    this.flags = flags;
  }

  static CommandSpec command(Main main) {
    RunFlags flags =
        RunFlags.some("sweep", (name, group) -> !name.equals("model_dir") && !name.equals("mode"));
    CommandSpec spec = CommandSpec.forAnnotatedObject(new SweepCommand(main, flags)).name("sweep");
    spec.usageMessage()
        .customSynopsis("simclr sweep <file> --output=<dir> [--flag=value ...]%n")
        .description(
            "Trains and evaluates every run of a study, and puts them in one table beside the"
                + " published row.",
            "Repeating the command goes on where it was stopped. Flags given here go before those"
                + " that the file gives all runs.");
    flags.addTo(spec);
    return spec;
  }

  @Override
  public Integer call() {
    Study study = Study.read(file, flags.given());
    Reporter reporter = main.reporter();
    AtomicBoolean stop = new AtomicBoolean();
    try (Interrupts interrupts =
        Interrupts.install(
            () -> {
              stop.set(true);
              Run.requestStop();
            })) {
      Optional<StudyResult> result = StudyRun.execute(study, output, reporter, stop::get);
      if (result.isEmpty()) {
        return interrupts.status().orElseThrow();
      }
      main.out().println(main.json() ? result.get().json() : result.get().text());
      reporter.line("written to " + StudyResult.page(output));
      return ExitCode.OK.status();
    }
  }
}
