package simclr.tools;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.UserException.ExitCode;
import simclr.export.embed.EmbedSettings;
import simclr.export.embed.Embedding;

/** {@code embed}: representations of a folder or a split. */
@Command(
    name = "embed",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Writes what an exported encoder makes of every image, one row each.",
      "F.npy comes with F.names.txt (a file or record per line) and, where there are labels,"
          + " F.labels.npy; F.csv has them as columns."
    })
final class EmbedCommand implements Callable<Integer> {
  private final Main main;

  @Parameters(
      paramLabel = "<export>",
      description = "What export wrote: a version, or the directory of all (the newest is taken).")
  private Path export = Path.of("");

  @Option(
      names = "--data_dir",
      paramLabel = "<dir>",
      description = "A folder of images; with --dataset as in run, the directory of data sets.")
  private Optional<Path> dataDir = Optional.empty();

  @Option(
      names = "--dataset",
      paramLabel = "<name>",
      description = "As in run: a TFDS name, folder:DIR, cifar10_binary:DIR or synthetic.")
  private Optional<String> dataset = Optional.empty();

  @Option(
      names = {"--split", "--eval_split"},
      paramLabel = "<split>",
      description = "Which images, such as test or train[:90%%]. Default: ${DEFAULT-VALUE}.")
  private String split = "all";

  @Option(
      names = {"--batch_size", "--eval_batch_size"},
      paramLabel = "<int>",
      description = "Images at a time. Default: ${DEFAULT-VALUE}.")
  private int batchSize = 64;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "<file>",
      description = "F.npy or F.csv.")
  private Path output = Path.of("");

  @Mixin private final TimeLimitOptions limits = new TimeLimitOptions();

  EmbedCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() throws Exception {
    EmbedSettings settings =
        new EmbedSettings(export, dataset, dataDir, split, batchSize, output, limits.limits());
    AtomicBoolean stop = new AtomicBoolean();
    try (Interrupts interrupts = Interrupts.install(() -> stop.set(true))) {
      Optional<Embedding.Summary> summary = Embedding.run(settings, main.reporter(), stop::get);
      if (summary.isEmpty()) {
        return interrupts.status().orElseThrow();
      }
      main.out().println(main.json() ? json(summary.get()) : sentence(summary.get()));
      return ExitCode.OK.status();
    }
  }

  private static String sentence(Embedding.Summary summary) {
    return String.format(
        Locale.ROOT,
        "%s: %d representations of length %d, by %s",
        summary.output(),
        summary.examples(),
        summary.representationSize(),
        summary.export());
  }

  private static String json(Embedding.Summary summary) {
    return new ObjectMapper()
        .createObjectNode()
        .put("output", summary.output().toString())
        .put("export", summary.export().toString())
        .put("examples", summary.examples())
        .put("representation_size", summary.representationSize())
        .toString();
  }
}
