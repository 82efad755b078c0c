package simclr.eval.runs;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import java.util.OptionalLong;
import simclr.config.RunConfig;
import simclr.eval.features.Layers;
import simclr.eval.finetune.OwnEvaluation;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ConfidenceInterval;
import simclr.eval.metrics.Metric;
import simclr.eval.published.Conditions;
import simclr.eval.published.Measured;
import simclr.eval.record.EncoderInfo;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.record.SplitInfo;

/**
 * One evaluation of a run as a row of the report.
 *
 * @param run its name
 * @param protocol the kind of evaluation, in a few words
 * @param what was evaluated: protocol, layer, and whose weights if not the run's
 * @param subject what was encoded with
 * @param meaning of the figures, in a sentence
 * @param split data set and split that they were measured on
 * @param examples of that split, if known
 * @param metrics by name
 * @param conditions under which the result came about
 * @param record of the evaluation, with its classes and what it was verified by; empty where the
 *     reference's {@code result.json} is all there is
 */
record EvaluationRow(
    String run,
    String protocol,
    String what,
    Subject subject,
    String meaning,
    String split,
    OptionalLong examples,
    ImmutableMap<String, Metric> metrics,
    Conditions conditions,
    Optional<EvaluationRecord> record) {
  /** Of what an evaluation says how good it is. */
  enum Subject {
    /** The classifier that the run trained. */
    CLASSIFIER,
    /** The run's encoder at h, which is what the papers evaluate. */
    ENCODER,
    /** Another layer of it. */
    LAYER,
    /** Weights that were never trained, or none. */
    BASELINE
  }

  /**
   * Of the classifier that the run itself trained, from the reference's {@code result.json}, and
   * from the record beside it where that is of the same step.
   *
   * @param conditions of the run
   */
  static Optional<EvaluationRow> ofRun(RunFolder run, RunData data, Conditions conditions) {
    Double top1 = run.ownResult().map(ReferenceResult::top1).orElse(null);
    if (top1 == null) {
      return Optional.empty();
    }
    String name = run.config().map(OwnEvaluation::name).orElse("classifier of the run");
    String meaning =
        run.config()
            .map(OwnEvaluation::meaning)
            .orElse(
                "The classifier that this run trained: unknown how; plain test images, moving"
                    + " statistics.");
    Optional<EvaluationRecord> record = run.ownRecord();
    OptionalLong examples =
        record.map(EvaluationRow::examples).orElseGet(() -> examplesOfReference(run, data));
    return Optional.of(
        new EvaluationRow(
            run.name(),
            name,
            name,
            Subject.CLASSIFIER,
            meaning,
            record.map(EvaluationRow::split).orElseGet(() -> splitOfReference(run)),
            examples,
            record
                .map(found -> found.measures().metrics())
                .orElseGet(() -> metricsOfReference(run.ownResult().orElseThrow(), top1, examples)),
            conditions,
            record));
  }

  private static OptionalLong examplesOfReference(RunFolder run, RunData data) {
    // With --eval_steps only a part of the split was evaluated.
    return run.config().map(RunConfig::evalSteps).orElse(1) == 0
        ? data.testExamples()
        : OptionalLong.empty();
  }

  private static String splitOfReference(RunFolder run) {
    return run.config().map(own -> own.dataset() + " " + own.evalSplit()).orElse("unknown");
  }

  private static ImmutableMap<String, Metric> metricsOfReference(
      ReferenceResult result, double top1, OptionalLong examples) {
    ImmutableMap.Builder<String, Metric> metrics = ImmutableMap.builder();
    metrics.put(Metric.TOP_1, ofShare(top1, examples));
    if (result.top5() != null) {
      metrics.put(Metric.TOP_5, ofShare(result.top5(), examples));
    }
    return metrics.buildOrThrow();
  }

  /** The reference's result.json holds shares alone, rounded to single precision. */
  private static Metric ofShare(double share, OptionalLong examples) {
    Optional<Accuracy> counts =
        examples.isPresent()
            ? Optional.of(Accuracy.ofShare(share, examples.getAsLong()))
            : Optional.empty();
    return new Metric(share, counts, counts.map(Accuracy::interval));
  }

  /** Of a probe. */
  static EvaluationRow of(RunFolder run, RunData data, Conditions ofRun, EvaluationRecord record) {
    String layer = record.layer().orElse("");
    Optional<Kind> kind = record.encoder().map(EncoderInfo::kind);
    Subject subject =
        kind.filter(Kind::isBaseline).isPresent()
            ? Subject.BASELINE
            : layer.equals(Layers.H) || layer.isEmpty() ? Subject.ENCODER : Subject.LAYER;
    return new EvaluationRow(
        run.name(),
        record.protocol(),
        record.protocol()
            + (layer.isEmpty() ? "" : ", " + layer)
            + (kind.equals(Optional.of(Kind.RANDOM_INIT)) ? " of random weights" : ""),
        subject,
        KnownProtocols.meaning(record),
        split(record),
        examples(record),
        record.measures().metrics(),
        RunConditions.of(run, data, ofRun, record),
        Optional.of(record));
  }

  private static String split(EvaluationRecord record) {
    return record.dataset().orElse("unknown data set")
        + " "
        + record.test().map(SplitInfo::split).orElse("");
  }

  private static OptionalLong examples(EvaluationRecord record) {
    return record.test().map(SplitInfo::measured).orElse(OptionalLong.empty());
  }

  /** Whether published results may stand beside it: they are of trained encoders at h. */
  boolean published() {
    return subject == Subject.CLASSIFIER || subject == Subject.ENCODER;
  }

  /** A figure, if it was measured. */
  Optional<Metric> metric(String name) {
    return Optional.ofNullable(metrics.get(name));
  }

  /** As it is set beside published results. */
  Measured measured() {
    ImmutableMap.Builder<String, Double> percent = ImmutableMap.builder();
    metrics.forEach((name, metric) -> percent.put(Metric.label(name), 100 * metric.value()));
    return new Measured(
        conditions,
        percent.buildOrThrow(),
        metric(Metric.TOP_1)
            .flatMap(Metric::interval)
            .map(i -> new ConfidenceInterval(100 * i.low(), 100 * i.high())));
  }
}
