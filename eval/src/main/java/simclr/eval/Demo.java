package simclr.eval;

import com.google.common.collect.ImmutableMap;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.DurableFiles;
import simclr.checkpoint.ModelDir;
import simclr.config.RunConfig;
import simclr.data.DataSource;
import simclr.data.Split;
import simclr.data.Synthetic;
import simclr.eval.metrics.Accuracy;
import simclr.eval.probe.LinearProbe;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.train.Outcome;
import simclr.train.Reporter;
import simclr.train.Run;

/**
 * The whole story in two minutes on two cores: pretrain a small encoder on procedural images
 * without their labels, then ask a linear probe what it has learnt, beside an encoder that was
 * never trained and the bare pixels. What was learnt is exported, ready to be served.
 *
 * <p>It is an ordinary run with the settings of {@link #RECIPE}: in its directory it goes on where
 * it was stopped, and every other command works on it.
 */
public final class Demo {
  private static final String REPORT = "report.html";
  private static final String EXPORT = "export";

  /** Flags of the pretraining. */
  static final ImmutableMap<String, String> RECIPE =
      ImmutableMap.<String, String>builder()
          .put("seed", "1")
          .put("dataset", "synthetic:size=48")
          .put("eval_split", "test")
          .put("image_size", "40")
          .put("resnet_depth", "18")
          .put("train_batch_size", "64")
          .put("train_steps", "200")
          .put("checkpoint_steps", "20")
          .put("keep_checkpoint_max", "2")
          .put("optimizer", "adam")
          .put("learning_rate", "0.012")
          .put("warmup_epochs", "0.32")
          .put("weight_decay", "1e-6")
          .put("temperature", "0.3")
          .put("use_blur", "false")
          .put("color_jitter_strength", "0.4")
          .buildOrThrow();

  private final RunConfig config;
  private final Path output;
  private final Reporter reporter;
  private final BooleanSupplier stop;

  private Demo(RunConfig config, Path output, Reporter reporter, BooleanSupplier stop) {
    this.config = config;
    this.output = output;
    this.reporter = reporter;
    this.stop = stop;
  }

  /**
   * Runs the demo, or what is left of it.
   *
   * @param output directory for the run and the report; made if need be
   * @param changes flags that differ from the recipe's
   * @param stop asked between the parts; training is stopped by {@link Run#requestStop}
   * @return empty if it was stopped
   * @throws simclr.config.UserException as {@link Run#execute} does
   */
  public static Optional<DemoResult> run(
      Path output, Map<String, String> changes, Reporter reporter, BooleanSupplier stop) {
    RunConfig config =
        RunConfig.of(RECIPE)
            .with(changes)
            .with(Map.of("model_dir", output.resolve("run").toString()));
    return new Demo(config, output, reporter, stop).run();
  }

  private Optional<DemoResult> run() {
    if (Run.execute(config, withoutMeans(reporter)) == Outcome.INTERRUPTED) {
      return Optional.empty();
    }
    CheckpointFile weights = ModelDir.resolve(config.requiredModelDir(), line -> {});
    DataSource source = DataSource.of(config);
    Split train = source.open(config.trainSplit());
    Split test = source.open(config.evalSplit());

    reporter.line("linear probe on the encoder after %d steps".formatted(weights.step()));
    Probed pretrained = probeEncoder(train, test, Optional.of(weights));
    if (stop.getAsBoolean()) {
      return Optional.empty();
    }
    reporter.line("linear probe on the encoder before training");
    Probed untrained = probeEncoder(train, test, Optional.empty());
    if (stop.getAsBoolean()) {
      return Optional.empty();
    }
    reporter.line("linear probe on raw pixels");
    Probed pixels = probe(Representations.pixels(train), Representations.pixels(test));
    DemoResult result =
        new DemoResult(
            weights.step(),
            pretrained.accuracy(),
            untrained.accuracy(),
            pixels.accuracy(),
            output.resolve(REPORT),
            output.resolve(EXPORT));
    reporter.line("export of the encoder");
    SavedModelExport.writeAndRetain(
        ExportSource.of(config, weights, train.labelNames()), result.export(), 1);
    String page = DemoReport.of(config, result, train, test, pretrained.test()).html();
    DurableFiles.write(result.report(), page.getBytes(StandardCharsets.UTF_8));
    return Optional.of(result);
  }

  /** A test split in some representation, and how well a linear probe reads the class from it. */
  private record Probed(Representations test, Accuracy accuracy) {}

  private Probed probeEncoder(Split train, Split test, Optional<CheckpointFile> weights) {
    long seed = config.seed().orElseThrow();
    return probe(
        Representations.of(config, train, weights, seed),
        Representations.of(config, test, weights, seed));
  }

  private static Probed probe(Representations train, Representations test) {
    LinearProbe probe =
        LinearProbe.fit(
            train.matrix(),
            train.classes(),
            Synthetic.LABELS.size(),
            LinearProbe.Settings.standard());
    return new Probed(test, probe.score(test.matrix(), test.classes()));
  }

  /** Leaves out the lines that repeat each mean of a round: the report draws them. */
  private static Reporter withoutMeans(Reporter reporter) {
    return new Reporter() {
      @Override
      public void line(String line) {
        if (!line.startsWith("Step: [")) {
          reporter.line(line);
        }
      }

      @Override
      public void status(String status) {
        reporter.status(status);
      }

      @Override
      public boolean terminal() {
        return reporter.terminal();
      }
    };
  }
}
