package simclr.tools;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.config.UserException.ExitCode;
import simclr.eval.Demo;
import simclr.eval.DemoResult;
import simclr.train.run.Run;

/** {@code demo}: pretraining, probe, report and export on procedural images. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Pretrains a small encoder on procedural images, about two minutes on 2 cores.",
      "Ends with the linear probe's top-1 on it, on an encoder that was not trained and on raw"
          + " pixels, a report, and an export with the command that serves it. Repeating the"
          + " command goes on where it was stopped."
    })
final class DemoCommand implements Callable<Integer> {
  private final Main main;

  @Option(
      names = "--output",
      paramLabel = "<dir>",
      description = "Directory of the run and the report. Default: ${DEFAULT-VALUE}.")
  private Path output = Path.of("simclr-demo");

  @Option(
      names = "--seed",
      paramLabel = "<long>",
      description = "Seed of weights, order and views. Default: ${DEFAULT-VALUE}.")
  private long seed = 1;

  DemoCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    try (Interrupts interrupts = Interrupts.install(Run::requestStop)) {
      Optional<DemoResult> result =
          Demo.run(
              output,
              ImmutableMap.of("seed", Long.toString(seed)),
              main.reporter(),
              () -> interrupts.status().isPresent());
      if (result.isEmpty()) {
        return interrupts.status().orElseThrow();
      }
      if (main.json()) {
        main.out().println(result.get().json());
      } else {
        result.get().lines().forEach(main.out()::println);
      }
      return ExitCode.OK.status();
    }
  }
}
