package simclr.tools;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;

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
    RunFlags flags = new RunFlags(name, preset);
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
    main.out().println(config);
    return ExitCode.OK.status();
  }
}
