package simclr.tools;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.hub.HubModule;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;

/** {@code export}: a checkpoint as a SavedModel. */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
final class ExportCommand implements Callable<Integer> {
  /** Besides the group of the model: what else decides which graph is built. */
  private static final Set<String> FLAGS =
      Set.of("model_dir", "checkpoint", "train_mode", "lineareval_while_pretraining", "image_size");

  private final Main main;
  private final RunFlags flags;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<dir>",
      description =
          "Directory that gets the version: <dir>/<step>, as TensorFlow Serving lays models out.")
  private Path output = Path.of("");

  @Option(
      names = "--labels",
      paramLabel = "<file>",
      description =
          "Names of the classes, one a line. Without it they are taken from the data set that"
              + " flags.json names, if it is there.")
  private Optional<Path> labels = Optional.empty();

  @Option(
      names = "--serving_config",
      description =
          "Also write <dir>/models.config and <dir>/batching.config for TensorFlow Serving.")
  private boolean servingConfig;

  @Option(
      names = "--format",
      paramLabel = "savedmodel|hub",
      description =
          "savedmodel: TF2, for Python and servers; hub: a TF1 module as the first releases came"
              + " as, for hub.load and hub.Module. Default: ${DEFAULT-VALUE}.")
  private Format format = Format.SAVEDMODEL;

  /** What is written. */
  enum Format {
    SAVEDMODEL,
    HUB
  }

  private ExportCommand(Main main, RunFlags flags) {
    this.main = main;
    this.flags = flags;
  }

  static CommandSpec command(Main main) {
    RunFlags flags =
        RunFlags.some("export", (name, group) -> group.equals("Model") || FLAGS.contains(name));
    CommandSpec spec =
        CommandSpec.forAnnotatedObject(new ExportCommand(main, flags)).name("export");
    spec.usageMessage()
        .customSynopsis(
            "simclr export --model_dir=<dir> | --checkpoint=<prefix> --output=<dir> [--flag=value"
                + " ...]%n")
        .description(
            "Writes a checkpoint as a SavedModel: the released module for Python, with signatures"
                + " for servers.",
            "The model is that of the flags.json beside the checkpoint; without one it is told from"
                + " the checkpoint's tensors. Flags given here go before both.");
    flags.addTo(spec);
    return spec;
  }

  @Override
  public Integer call() {
    if (servingConfig && format == Format.HUB) {
      throw new UserException(
          ExitCode.USAGE,
          "--serving_config is given with --format=hub, expected it with savedmodel: servers cannot"
              + " run hub modules");
    }
    Path written = write(source());
    main.out()
        .println(
            main.json()
                ? JsonNodeFactory.instance
                    .objectNode()
                    .put(format == Format.HUB ? "hub_module" : "saved_model", written.toString())
                : written);
    return ExitCode.OK.status();
  }

  private Path write(ExportSource source) {
    if (format == Format.HUB) {
      return HubModule.write(source, output);
    }
    return servingConfig
        ? SavedModelExport.writeForServing(source, output)
        : SavedModelExport.write(source, output);
  }

  private ExportSource source() {
    Map<String, String> given = new LinkedHashMap<>(flags.given());
    Optional<String> modelDir = Optional.ofNullable(given.remove("model_dir"));
    Optional<String> checkpoint = Optional.ofNullable(given.remove("checkpoint"));
    if (modelDir.isPresent() == checkpoint.isPresent()) {
      throw new UserException(
          ExitCode.USAGE,
          "%s given, expected either --model_dir or --checkpoint",
          modelDir.isPresent() ? "--model_dir and --checkpoint are both" : "neither is");
    }
    Reporter reporter = main.reporter();
    CheckpointFile file =
        ModelDir.find(
            modelDir.isPresent() ? "--model_dir" : "--checkpoint",
            modelDir.or(() -> checkpoint).orElseThrow(),
            reporter::line);
    return ExportSource.ofCheckpoint(file, given, labels, reporter::line);
  }
}
