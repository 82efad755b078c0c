package simclr.eval;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.config.LocalPath;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.data.source.DataSource;
import simclr.eval.features.EncoderChoice;
import simclr.eval.features.EncoderFeatures;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.Metric;
import simclr.eval.probe.ProbeResult;
import simclr.eval.probe.ProbeRun;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.eval.runs.RunReport;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.train.run.Outcome;
import simclr.train.run.Run;

/**
 * The whole story in two minutes on two cores: pretrain a small encoder on procedural images
 * without their labels, then ask a linear probe what it has learnt, beside an encoder that was
 * never trained and the bare pixels. What was learnt is exported, ready to be served.
 *
 * <p>It is an ordinary run with the settings of {@link #RECIPE}, then what {@code probe}, {@code
 * report} and {@code export} do: in its directory it resumes where it was stopped, and every other
 * command works on it.
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

  /** One fixed penalty on standardised features: quick, and neither a start nor a seed matters. */
  private static final Logreg PROBE =
      new Logreg(OptionalDouble.of(1e-2), 45, 1e-6, 1e5, true, 0.2, 1000, 1e-5, 1e-5);

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
    reporter.line(
        String.format(Locale.ROOT, "linear probe on the encoder after %d steps", weights.step()));
    Optional<Accuracy> pretrained = probe(Kind.CHECKPOINT);
    if (pretrained.isEmpty()) {
      return Optional.empty();
    }
    reporter.line("linear probe on the encoder before training");
    Optional<Accuracy> untrained = probe(Kind.RANDOM_INIT);
    if (untrained.isEmpty()) {
      return Optional.empty();
    }
    reporter.line("linear probe on raw pixels");
    Optional<Accuracy> pixels = probe(Kind.RAW_PIXELS);
    if (pixels.isEmpty()) {
      return Optional.empty();
    }
    DemoResult result =
        new DemoResult(
            weights.step(),
            pretrained.get(),
            untrained.get(),
            pixels.get(),
            output.resolve(REPORT),
            output.resolve(EXPORT));
    reporter.line("export of the encoder");
    SavedModelExport.writeAndRetain(
        ExportSource.of(
            config, weights, DataSource.of(config).open(config.trainSplit()).labelNames()),
        result.export(),
        1);
    return RunReport.of(
            List.of(LocalPath.of(config.requiredModelDir(), "--model_dir")),
            Optional.empty(),
            RunReport.SAMPLE,
            progressAlone(reporter),
            stop)
        .map(
            report -> {
              report.write(result.report());
              return result;
            });
  }

  /** Top-1 on the test split; empty if it was stopped. */
  private Optional<Accuracy> probe(Kind kind) {
    EncoderChoice choice =
        EncoderChoice.ofRun(kind, LocalPath.of(config.requiredModelDir(), "--model_dir"));
    Reporter status = progressAlone(reporter);
    try (EncoderFeatures source = EncoderFeatures.open(choice, status)) {
      ProbeRun probe = new ProbeRun(source, PROBE, ImmutableList.of(1L), Optional.empty());
      return probe
          .stored(source.encoder())
          .flatMap(record -> record.metric(Metric.TOP_1).flatMap(Metric::counts))
          .or(() -> probe.one(Optional.empty(), status, stop).map(ProbeResult::top1));
    }
  }

  /** Leaves out all lines: what is extracted from what is not a part of the story. */
  private static Reporter progressAlone(Reporter reporter) {
    return filtered(reporter, line -> false);
  }

  /** Leaves out the lines that repeat each mean of a round: the report draws them. */
  private static Reporter withoutMeans(Reporter reporter) {
    return filtered(reporter, line -> !line.startsWith("Step: ["));
  }

  private static Reporter filtered(Reporter reporter, Predicate<String> wanted) {
    return new Reporter() {
      @Override
      public void line(String line) {
        if (wanted.test(line)) {
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
