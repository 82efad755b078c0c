package simclr.eval.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import java.util.OptionalLong;
import simclr.config.RunConfig;
import simclr.eval.compare.StoredEvaluation;
import simclr.eval.features.Layers;
import simclr.eval.metrics.Accuracy;
import simclr.eval.metrics.ConfidenceInterval;
import simclr.eval.published.Conditions;
import simclr.eval.published.Measured;
import simclr.eval.published.PublishedResult;
import simclr.eval.published.Setting;
import simclr.summary.Tag;

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
 * @param figures shares, 0 to 1, under the names of {@code result.json}
 * @param intervals 95 % intervals of top-1 or mean average precision, where they are known
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
    ImmutableMap<String, Double> figures,
    ImmutableMap<String, ConfidenceInterval> intervals,
    Conditions conditions,
    Optional<StoredEvaluation> record) {
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

  static final String TOP_1 = "top_1";
  static final String TOP_5 = "top_5";
  static final String MEAN_PER_CLASS = "mean_per_class";
  static final String MAP = "map_11";

  private static final ImmutableMap<String, String> PUBLISHED_NAMES =
      ImmutableMap.of(
          TOP_1,
          PublishedResult.TOP_1,
          TOP_5,
          PublishedResult.TOP_5,
          MEAN_PER_CLASS,
          "mean per class",
          MAP,
          "11-point mAP");

  /**
   * Of the classifier that the run itself trained, from the reference's {@code result.json}, and
   * from the record beside it where that is of the same step.
   *
   * @param conditions of the run
   */
  static Optional<EvaluationRow> ofRun(RunFolder run, RunData data, Conditions conditions) {
    if (run.ownResult().isEmpty()
        || !run.ownResult().get().has(Tag.LABEL_TOP_1_ACCURACY.toString())) {
      return Optional.empty();
    }
    boolean pretraining = run.config().map(RunConfig::pretraining).orElse(false);
    String name = pretraining ? "online probe" : "classifier of the run";
    String meaning =
        (pretraining
                ? "Linear classifier on h, trained on augmented views beside the contrastive"
                    + " task without reaching the encoder"
                : "The classifier that this run trained: "
                    + conditions.value(Setting.EVALUATION).orElse("unknown how"))
            + "; plain test images, moving statistics.";
    Measures measures = run.ownRecord().map(Measures::of).orElseGet(() -> ofReference(run, data));
    return Optional.of(
        new EvaluationRow(
            run.name(),
            name,
            name,
            Subject.CLASSIFIER,
            meaning,
            measures.split(),
            measures.examples(),
            measures.figures(),
            measures.intervals(),
            conditions,
            run.ownRecord()));
  }

  /** What was counted, and on what. */
  private record Measures(
      String split,
      OptionalLong examples,
      ImmutableMap<String, Double> figures,
      ImmutableMap<String, ConfidenceInterval> intervals) {

    static Measures of(StoredEvaluation evaluation) {
      JsonNode result = evaluation.result();
      ImmutableMap.Builder<String, Double> figures = ImmutableMap.builder();
      for (String name : PUBLISHED_NAMES.keySet()) {
        if (result.path(name).isNumber()) {
          figures.put(name, result.path(name).asDouble());
        }
      }
      ImmutableMap.Builder<String, ConfidenceInterval> intervals = ImmutableMap.builder();
      for (String name : ImmutableList.of(TOP_1, MAP)) {
        JsonNode bounds = result.path("interval").path(name);
        if (bounds.size() == 2) {
          intervals.put(
              name, new ConfidenceInterval(bounds.get(0).asDouble(), bounds.get(1).asDouble()));
        }
      }
      // With --eval_steps only a part of the split was evaluated.
      JsonNode test = result.path("test");
      JsonNode examples =
          test.has("examples_evaluated") ? test.path("examples_evaluated") : test.path("examples");
      return new Measures(
          evaluation.text("/dataset").orElse("unknown data set")
              + " "
              + evaluation.text("/test/split").orElse(""),
          examples.isIntegralNumber() ? OptionalLong.of(examples.asLong()) : OptionalLong.empty(),
          figures.buildOrThrow(),
          intervals.buildOrThrow());
    }
  }

  private static Measures ofReference(RunFolder run, RunData data) {
    JsonNode result = run.ownResult().orElseThrow();
    double top1 = result.get(Tag.LABEL_TOP_1_ACCURACY.toString()).asDouble();
    ImmutableMap.Builder<String, Double> figures = ImmutableMap.builder();
    figures.put(TOP_1, top1);
    if (result.has(Tag.LABEL_TOP_5_ACCURACY.toString())) {
      figures.put(TOP_5, result.get(Tag.LABEL_TOP_5_ACCURACY.toString()).asDouble());
    }
    OptionalLong examples =
        run.config().map(RunConfig::evalSteps).orElse(1) == 0
            ? data.testExamples()
            : OptionalLong.empty();
    return new Measures(
        run.config().map(config -> config.dataset() + " " + config.evalSplit()).orElse("unknown"),
        examples,
        figures.buildOrThrow(),
        examples.isPresent()
            ? ImmutableMap.of(
                TOP_1,
                new Accuracy(Math.round(top1 * examples.getAsLong()), examples.getAsLong())
                    .interval())
            : ImmutableMap.of());
  }

  /** Of a probe. */
  static EvaluationRow of(
      RunFolder run, RunData data, Conditions ofRun, StoredEvaluation evaluation) {
    String protocol = evaluation.text("/protocol").orElse("evaluation");
    String layer = evaluation.text("/layer").orElse("");
    String kind = evaluation.text("/encoder/kind").orElse("");
    boolean untrained = kind.equals("random_init");
    Subject subject =
        untrained || kind.equals("raw_pixels")
            ? Subject.BASELINE
            : layer.equals(Layers.H) || layer.isEmpty() ? Subject.ENCODER : Subject.LAYER;
    Measures measures = Measures.of(evaluation);
    return new EvaluationRow(
        run.name(),
        protocol,
        protocol + (layer.isEmpty() ? "" : ", " + layer) + (untrained ? " of random weights" : ""),
        subject,
        meaning(protocol, evaluation.result()),
        measures.split(),
        measures.examples(),
        measures.figures(),
        measures.intervals(),
        RunConditions.of(run, data, ofRun, evaluation),
        Optional.of(evaluation));
  }

  /** Whether published results may stand beside it: they are of trained encoders at h. */
  boolean published() {
    return subject == Subject.CLASSIFIER || subject == Subject.ENCODER;
  }

  /** Of a figure, if it is known. */
  Optional<ConfidenceInterval> interval(String figure) {
    return Optional.ofNullable(intervals.get(figure));
  }

  /** A figure's name for people. */
  static String label(String name) {
    return published(name);
  }

  /** As it is set beside published results. */
  Measured measured() {
    ImmutableMap.Builder<String, Double> percent = ImmutableMap.builder();
    figures.forEach((name, share) -> percent.put(published(name), 100 * share));
    return new Measured(
        conditions,
        percent.buildOrThrow(),
        interval(TOP_1).map(i -> new ConfidenceInterval(100 * i.low(), 100 * i.high())));
  }

  private static String published(String name) {
    String published = PUBLISHED_NAMES.get(name);
    return published == null ? name : published;
  }

  private static String meaning(String protocol, JsonNode result) {
    return switch (protocol) {
      case "linear_sgd" ->
          "Linear classifier trained by SGD on crops and flips of the training images; the encoder"
              + " frozen and in inference mode.";
      case "fast_linear" ->
          "Linear classifier trained by SGD on representations that were extracted once, without"
              + " augmentation.";
      case "logreg" ->
          (result.path(MAP).isNumber()
                  ? "Logistic regression of each class against the rest"
                  : "Multinomial logistic regression")
              + " by L-BFGS on fixed representations; its l2 chosen on validation, refitted on"
              + " training and validation, tested once.";
      case "knn" ->
          "The classes of the nearest training images by cosine, weighted; nothing is trained.";
      case "ridge" ->
          "Ridge regression on "
              + (result.path("settings").path("shots").isArray()
                  ? "a few labelled images of each class"
                  : "all labelled images")
              + ", in closed form.";
      default -> "As the protocol's name says; its settings are in result.json.";
    };
  }
}
