package simclr.tools;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.FeatureSource;
import simclr.eval.probe.ProbeRun;
import simclr.eval.probe.Protocol;

/** {@code probe}: evaluation protocols on an encoder that no longer changes. */
@Command(
    name = "probe",
    mixinStandardHelpOptions = true,
    description = {
      "Measures a frozen encoder, or ready features, by one of the protocols of the papers.",
      "Representations are extracted once, kept, and read by every protocol after that."
    })
final class ProbeCommand implements Callable<Integer> {
  private final Main main;
  private final CommandLine commandLine;

  private ProbeCommand(Main main) {
    this.main = main;
    this.commandLine = new CommandLine(this);
    add(
        new LogregOptions(),
        "Logistic regression by L-BFGS (SimCLR, appendix B.8); l2 is chosen on validation examples.");
    add(
        new LinearOptions(),
        "The linear classifier by gradient descent, as the reference trains it, on extracted"
            + " representations.");
    add(new KnnOptions(), "The classes of the nearest training examples.");
    add(new RidgeOptions(), "Ridge regression in closed form, of all or of a few shots a class.");
    add(
        new LayersOptions(),
        "A protocol on every layer: block groups, h, each layer of the projection head, z.");
  }

  static CommandLine command(Main main) {
    return new ProbeCommand(main).commandLine;
  }

  @Override
  public Integer call() {
    throw new UserException(
        ExitCode.USAGE,
        "no protocol is given, expected probe with one of %s",
        String.join(", ", commandLine.getSubcommands().keySet()));
  }

  private void add(ProtocolOptions options, String description) {
    commandLine.addSubcommand(One.command(main, options, description));
  }

  /** The settings of a protocol as options. */
  interface ProtocolOptions {
    String name();

    Protocol protocol();
  }

  /** A protocol on one representation. */
  @Command(mixinStandardHelpOptions = true, sortOptions = false)
  private static final class One implements Callable<Integer> {
    private final Main main;
    private final ProtocolOptions options;
    private final ProbeInputs inputs;

    private One(Main main, ProtocolOptions options) {
      this.main = main;
      this.options = options;
      this.inputs = new ProbeInputs("probe " + options.name());
    }

    static CommandSpec command(Main main, ProtocolOptions options, String description) {
      One one = new One(main, options);
      CommandSpec spec = CommandSpec.forAnnotatedObject(one).name(options.name());
      spec.addMixin("protocol", CommandSpec.forAnnotatedObject(options));
      spec.addMixin("inputs", CommandSpec.forAnnotatedObject(one.inputs));
      one.inputs.flags().addTo(spec);
      spec.usageMessage()
          .customSynopsis(
              String.format(
                  Locale.ROOT,
                  "simclr probe %s --model_dir=<dir> | --train_features=<file> ... [--flag=value ...]%n",
                  options.name()))
          .description(description);
      return spec;
    }

    @Override
    public Integer call() {
      Protocol protocol = options.protocol();
      AtomicBoolean stop = new AtomicBoolean();
      try (Interrupts interrupts = Interrupts.install(() -> stop.set(true));
          FeatureSource source = inputs.source(main.reporter())) {
        ProbeRun run = new ProbeRun(source, protocol, inputs.seeds(), inputs.output());
        Optional<Printable> result = evaluate(run, stop::get);
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

    private Optional<Printable> evaluate(ProbeRun run, BooleanSupplier stop) {
      return options instanceof LayersOptions
          ? run.all(main.reporter(), stop).map(found -> new Printable(found.json(), found.lines()))
          : run.one(inputs.layer(), main.reporter(), stop)
              .map(found -> new Printable(found.json(), found.lines()));
    }

    /** A result for programs and for people. */
    private record Printable(String json, List<String> lines) {}
  }
}
