package simclr.train.evaluate;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.FlagsFile;
import simclr.config.LocalPath;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.io.DurableFiles;
import simclr.summary.EventWriter;
import simclr.train.evaluate.EvaluationListener.Evaluated;

/**
 * Evaluates checkpoints on a split with the classifier that was trained beside, in inference mode;
 * built once for all checkpoints of a run.
 */
final class Evaluation implements AutoCloseable {
  private final RunConfig config;
  private final RestoredModel model;
  private final ImmutableList<Operand<?>> measured;
  private final Reporter reporter;
  private final EvaluationListener listener;
  private final EvaluationPlan plan;

  private Evaluation(
      EvaluationPlan plan, RestoredModel model, Reporter reporter, EvaluationListener listener) {
    this.config = plan.config();
    this.plan = plan;
    this.listener = listener;
    this.model = model;
    this.reporter = reporter;
    this.measured =
        ImmutableList.of(
            model.outputs().logits().orElseThrow(),
            model.graph().batch().labels(),
            model.graph().weightDecay());
  }

  /** Builds the graph; the caller closes it. */
  static Evaluation of(EvaluationPlan plan, Reporter reporter, EvaluationListener listener) {
    RestoredModel model =
        RestoredModel.unfilled(ModelSpec.over(plan.test(), plan.config(), plan.numClasses()));
    model.notice().ifPresent(reporter::line);
    return new Evaluation(plan, model, reporter, listener);
  }

  /**
   * Evaluates one checkpoint and writes what was found into the run's directory.
   *
   * @param stop asked between batches
   * @return empty if it was stopped
   */
  Optional<EvaluationResult> run(CheckpointFile file, BooleanSupplier stop) {
    reporter.line(model.restore(file).text());
    long start = System.nanoTime();
    AnswerList answers = new AnswerList();
    Optional<EvaluationResult> result = evaluate(file.step(), answers, stop);
    result.ifPresent(
        found -> {
          Duration duration = Duration.ofNanos(System.nanoTime() - start);
          listener.evaluated(
              new Evaluated(
                  write(found),
                  file,
                  found.step(),
                  plan.train(),
                  plan.test(),
                  answers.build(),
                  duration));
        });
    return result;
  }

  @Override
  public void close() {
    model.close();
  }

  private Optional<EvaluationResult> evaluate(long step, AnswerList answers, BooleanSupplier stop) {
    TopK topK = new TopK();
    RunningMean regularization = new RunningMean();
    for (long i = 0; i < plan.steps(); i++) {
      if (stop.getAsBoolean()) {
        return Optional.empty();
      }
      try (Result result = model.next(measured)) {
        count((TFloat32) result.get(0), (TInt64) result.get(1), topK, answers);
        regularization.add(((TFloat32) result.get(2)).getFloat());
      }
      if (reporter.terminal()) {
        reporter.status(
            String.format(
                Locale.ROOT, "evaluating step %d: batch %d of %d", step, i + 1, plan.steps()));
      }
    }
    if (reporter.terminal()) {
      reporter.status("");
    }
    return Optional.of(new EvaluationResult(step, regularization.mean(), topK.top1(), topK.top5()));
  }

  private static void count(TFloat32 logits, TInt64 labels, TopK topK, AnswerList answers) {
    int examples = Math.toIntExact(logits.shape().get(0));
    float[][] rows = new float[examples][Math.toIntExact(logits.shape().get(1))];
    long[] classes = new long[examples];
    StdArrays.copyFrom(logits, rows);
    StdArrays.copyFrom(labels, classes);
    topK.add(rows, classes);
    answers.add(rows, classes);
  }

  /** Returns the flags of the run. */
  private RunConfig write(EvaluationResult result) {
    Path dir = LocalPath.of(config.requiredModelDir(), "--model_dir");
    RunConfig run = withSeedOfRun(dir);
    try (EventWriter events = EventWriter.in(dir)) {
      events.scalars(result.step(), result.scalars());
    }
    DurableFiles.write(dir.resolve("result.json"), result.json());
    DurableFiles.write(
        dir.resolve(String.format(Locale.ROOT, "result_%d.json", result.step())), result.json());
    DurableFiles.write(dir.resolve(FlagsFile.NAME), FlagsFile.content(run));
    result
        .scalars()
        .forEach(
            (tag, value) ->
                reporter.line(
                    String.format(Locale.ROOT, "Step: [%d] %s = %f", result.step(), tag, value)));
    return run;
  }

  /** The reference lets the evaluating process write its flags too; the seed stays the run's. */
  private RunConfig withSeedOfRun(Path dir) {
    return FlagsFile.read(dir)
        .flatMap(FlagsFile::seed)
        .map(seed -> config.with(Map.of("seed", Long.toString(seed))))
        .orElse(config);
  }
}
