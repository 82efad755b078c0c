package simclr.eval.finetune;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.LabelSubset;
import simclr.config.RunConfig;
import simclr.eval.published.Evaluation;
import simclr.eval.published.Evaluation.Method;

/** What the evaluation of a run's own classifier is, told from the run's flags. */
public final class OwnEvaluation {
  /** The subsets that TFDS names by their share of ImageNet's labels. */
  private static final Pattern PERCENT = Pattern.compile("^imagenet2012_subset/(\\d+)pct");

  private OwnEvaluation() {}

  /** The name of the protocol in records. */
  static String protocol(RunConfig config) {
    if (config.pretraining()) {
      return "online_probe";
    } else if (config.distillation().teacher().isPresent()) {
      return "distillation";
    } else if (config.fineTuneAfterBlock() == 4) {
      return "linear_sgd";
    }
    return config.checkpoint().isPresent() ? "fine_tuning" : "supervised";
  }

  /** The name of the classifier for people. */
  public static String name(RunConfig config) {
    return config.pretraining() ? "online probe" : "classifier of the run";
  }

  /** What its figures mean. */
  public static String meaning(RunConfig config) {
    return (config.pretraining()
            ? "Linear classifier on h, trained on augmented views beside the contrastive task"
                + " without reaching the encoder"
            : "The classifier that this run trained: " + of(config).words())
        + "; plain test images, moving statistics.";
  }

  /** The evaluation as it is compared with published ones. */
  public static Evaluation of(RunConfig config) {
    if (config.pretraining()) {
      return Evaluation.of(Method.LINEAR_ONLINE);
    } else if (config.distillation().teacher().isPresent()) {
      return Evaluation.of(Method.DISTILLED);
    }
    String on = labels(config).map(labels -> " on " + labels).orElse("");
    if (config.fineTuneAfterBlock() == 4) {
      return Evaluation.LINEAR_SGD.with(on.isEmpty() ? "" : "," + on);
    } else if (config.checkpoint().isEmpty()) {
      return Evaluation.SUPERVISED.with(on);
    } else if (config.fineTuneAfterBlock() >= 0) {
      return Evaluation.of(Method.FINE_TUNED)
          .with(" after block " + config.fineTuneAfterBlock() + on);
    }
    return on.isEmpty() ? Evaluation.fineTuned("100") : Evaluation.of(Method.FINE_TUNED).with(on);
  }

  /** Which labels were learnt from, in the words of the published tables; empty for all. */
  private static Optional<String> labels(RunConfig config) {
    LabelSubset part = config.labelSubset();
    Matcher subset = PERCENT.matcher(config.dataset());
    double percent = 100 * part.labelFraction() * (subset.find() ? share(subset) : 1);
    List<String> words = new ArrayList<>();
    if (percent < 100) {
      words.add(
          new BigDecimal(percent).round(new MathContext(6)).stripTrailingZeros().toPlainString()
              + " % of the labels");
    }
    if (!config.trainSplit().equals("train")) {
      words.add("split " + config.trainSplit());
    }
    part.trainSubset().ifPresent(file -> words.add("the images of " + file));
    return words.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", words));
  }

  private static double share(Matcher subset) {
    return Double.parseDouble(subset.group(1)) / 100;
  }
}
