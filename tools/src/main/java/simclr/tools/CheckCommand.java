package simclr.tools;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Stopwatch;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.pipeline.DataCheck;
import simclr.data.records.BrokenExample;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.data.source.Examined;

/** {@code check}: every image of a data set, decoded once. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Reads and decodes every image of a data set once, as training does, and lists all that are"
          + " broken: file or record, and why.",
      "Exit status 0 if there are none, 65 if there are."
    })
final class CheckCommand implements Callable<Integer> {
  private static final long LINE_EVERY_SECONDS = 10;

  private final Main main;

  @Option(
      names = "--dataset",
      paramLabel = "<name>",
      description = "As in run: a TFDS name, folder:DIR, cifar10_binary:DIR or synthetic.")
  private Optional<String> dataset = Optional.empty();

  @Option(
      names = "--data_dir",
      paramLabel = "<dir>",
      description = "A folder of images; with --dataset as in run, the directory of data sets.")
  private Optional<Path> dataDir = Optional.empty();

  @Option(
      names = "--split",
      paramLabel = "<split>",
      description = "Which images, such as test or train[:90%%]. Default: ${DEFAULT-VALUE}.")
  private String split = "all";

  CheckCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    RunConfig config = config();
    AtomicBoolean stop = new AtomicBoolean();
    Reporter reporter = main.reporter();
    try (Interrupts interrupts = Interrupts.install(() -> stop.set(true))) {
      try {
        Stopwatch watch = Stopwatch.createStarted();
        Examined examined = DataSource.of(config, stop::get).examine(split);
        examined.usable().map(Split::summary).ifPresent(reporter::line);
        ImmutableList.Builder<BrokenExample> broken =
            ImmutableList.<BrokenExample>builder().addAll(examined.broken());
        examined
            .usable()
            .ifPresent(
                usable ->
                    broken.addAll(
                        DataCheck.broken(
                            usable, stop::get, progress(reporter, examined.examples()))));
        if (reporter.terminal()) {
          reporter.status("");
        }
        return print(examined.examples(), broken.build(), watch);
      } catch (CancellationException e) {
        return interrupts.status().orElseThrow();
      }
    }
  }

  private RunConfig config() {
    if (dataset.isEmpty() && dataDir.isEmpty()) {
      throw new UserException(
          ExitCode.USAGE, "--dataset is missing, expected a data set, or --data_dir with a folder");
    }
    Map<String, String> flags = new LinkedHashMap<>();
    flags.put("dataset", dataset.orElseGet(() -> "folder:" + dataDir.orElseThrow()));
    dataDir.ifPresent(dir -> flags.put("data_dir", dir.toString()));
    return RunConfig.of(flags);
  }

  private static LongConsumer progress(Reporter reporter, long examples) {
    Stopwatch sinceLine = Stopwatch.createStarted();
    return decoded -> {
      String text = String.format(Locale.ROOT, "checking: %d of %d", decoded, examples);
      if (reporter.terminal()) {
        reporter.status(text);
      } else if (sinceLine.elapsed(TimeUnit.SECONDS) >= LINE_EVERY_SECONDS) {
        sinceLine.reset().start();
        reporter.line(text);
      }
    };
  }

  private int print(long examples, ImmutableList<BrokenExample> broken, Stopwatch watch) {
    double seconds = watch.elapsed(TimeUnit.MILLISECONDS) / 1000.0;
    if (main.json()) {
      main.out().println(json(examples, broken, seconds));
    } else {
      broken.forEach(main.out()::println);
      main.out()
          .println(
              String.format(
                  Locale.ROOT,
                  "%d images checked, %d broken, %.0f images/s",
                  examples,
                  broken.size(),
                  examples / Math.max(seconds, 1e-3)));
    }
    return (broken.isEmpty() ? ExitCode.OK : ExitCode.DATA).status();
  }

  private String json(long examples, ImmutableList<BrokenExample> broken, double seconds) {
    ObjectNode result = new ObjectMapper().createObjectNode();
    result.put("examples", examples).put("seconds", seconds);
    ArrayNode list = result.putArray("broken");
    broken.forEach(each -> list.addObject().put("name", each.name()).put("reason", each.reason()));
    return result.toString();
  }
}
