package simclr.tools;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.eval.finetune.TrainingRecord;
import simclr.train.evaluate.EvaluationListener;
import simclr.train.run.Outcome;
import simclr.train.run.Run;

/** {@code run}, and {@code pretrain}, {@code finetune} and {@code eval}, which preset its flags. */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
final class RunCommand implements Callable<Integer> {
  private final Main main;
  private final RunFlags flags;

  private RunCommand(Main main, RunFlags flags) {
    this.main = main;
    this.flags = flags;
  }

  /** The command of a name that is registered in {@link Main}. */
  static CommandSpec command(
      Main main, String name, Map<String, String> preset, String description) {
    return command(main, name, preset, List.of(), description);
  }

  /**
   * The same for a command that cannot do without some flags.
   *
   * @param required names of flags without default
   */
  static CommandSpec command(
      Main main,
      String name,
      Map<String, String> preset,
      List<String> required,
      String description) {
    RunFlags flags = new RunFlags(name, preset, required);
    CommandSpec spec = CommandSpec.forAnnotatedObject(new RunCommand(main, flags)).name(name);
    spec.usageMessage()
        .customSynopsis("simclr " + name + " [--flag=value ...] [@file ...]%n")
        .description(description)
        .footer(
            "%nBooleans also take --flag and --noflag; of a flag given twice the later one holds.");
    flags.addTo(spec);
    return spec;
  }

  @Override
  public Integer call() {
    RunConfig config = flags.config();
    RunResult result = new RunResult(config, Instant.now());
    Reporter reporter = main.reporter();
    try (Interrupts interrupts = Interrupts.install(() -> stop(reporter))) {
      EvaluationListener listener =
          EvaluationListener.all(List.of(new TrainingRecord(), new EvaluatedExport(reporter)));
      Outcome outcome = Run.execute(config, reporter, listener);
      if (main.json()) {
        main.out().println(result.json(outcome));
      }
      return outcome == Outcome.DONE ? ExitCode.OK.status() : interrupts.status().orElseThrow();
    }
  }

  private static void stop(Reporter reporter) {
    Run.requestStop();
    reporter.line("stopping: this step is finished and saved; a second signal ends at once");
  }
}
