package simclr.tools;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.ExportDirectory;
import simclr.export.inspect.Inspection;

/** {@code inspect}: what a checkpoint, SavedModel or hub module holds. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Tells what a checkpoint, a SavedModel or a TF1 hub module holds: variables, architecture,"
          + " signatures, endpoints, input range, step, and the operations that would touch files,"
          + " other code or the network. Nothing of it is executed."
    })
final class InspectCommand implements Callable<Integer> {
  private final Main main;

  @Option(names = "--all", description = "List every variable.")
  private boolean all;

  @Parameters(
      paramLabel = "<path>",
      description =
          "A checkpoint's prefix or directory, or that of a SavedModel, of a hub module, or of an"
              + " export's versions, of which the newest is taken.")
  private Path path = Path.of("");

  InspectCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    Inspection inspection =
        Inspection.of(ExportDirectory.versionOrSelf(path), main.reporter()::line);
    if (main.json()) {
      main.out().println(inspection.json());
    } else {
      inspection.lines(all).forEach(main.out()::println);
    }
    return ExitCode.OK.status();
  }
}
