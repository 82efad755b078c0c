package simclr.eval.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.FlagsFile;
import simclr.config.LabelSubset;
import simclr.config.LocalPath;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.eval.compare.StoredEvaluation;
import simclr.eval.features.Layers;
import simclr.eval.published.Conditions;
import simclr.eval.published.Setting;

/**
 * The seven settings of a run and of an evaluation of it, in the words of {@link Conditions}.
 *
 * <p>A run that fine-tunes was pretrained by another one: its settings are read beside the
 * checkpoint that {@code --checkpoint} names, if they are still there.
 */
final class RunConditions {
  private static final String SUBSET = "imagenet2012_subset";

  /** The subsets that TFDS names by their share of ImageNet's labels. */
  private static final Pattern PERCENT = Pattern.compile("^" + SUBSET + "/(\\d+)pct");

  private RunConditions() {}

  /** Of the classifier that the run itself trained. */
  static Conditions ofRun(RunFolder run, RunData data) {
    Optional<RunConfig> config = run.config();
    if (config.isEmpty()) {
      return Conditions.none();
    }
    RunConfig own = config.get();
    String trained = dataset(own.dataset(), data.trainExamples(), data.testExamples());
    Conditions pretraining =
        own.pretraining()
            ? pretraining(own, data, run.step()).with(Setting.DATA, trained)
            : pretrainingOf(own)
                .map(before -> pretrainedThen(before, own, trained))
                .orElseGet(() -> Conditions.none().with(Setting.DATA, trained));
    return pretraining
        .with(
            Setting.ENCODER,
            Conditions.withStem(
                Conditions.encoder(own.resnetDepth(), own.widthMultiplier(), own.skRatio() > 0),
                own.imageSize() <= 32))
        .with(Setting.EVALUATION, ownEvaluation(own));
  }

  /**
   * Of what a probe measured on the run's encoder.
   *
   * @param ofRun its own, from {@link #ofRun}
   */
  static Conditions of(RunFolder run, RunData data, Conditions ofRun, StoredEvaluation evaluation) {
    JsonNode result = evaluation.result();
    String measured =
        evaluation
            .text("/dataset")
            .map(name -> dataset(name, count(result, "train"), count(result, "test")))
            .orElse("");
    String pretrained =
        run.config()
            .filter(RunConfig::pretraining)
            .map(own -> dataset(own.dataset(), data.trainExamples(), data.testExamples()))
            .orElse(measured);
    boolean same =
        run.config()
            .filter(own -> evaluation.text("/dataset").equals(Optional.of(own.dataset())))
            .isPresent();
    return ofRun
        .with(
            Setting.DATA,
            same || pretrained.equals(measured) ? measured : pretrained + ", then " + measured)
        .with(Setting.EVALUATION, protocol(evaluation));
  }

  /** What pretraining was like; {@code step} is how far it came where it is the run's own. */
  private static Conditions pretraining(RunConfig config, RunData data, OptionalLong step) {
    return Conditions.none()
        .with(Setting.EPOCHS, epochs(config, data.trainExamples(), step))
        .with(Setting.BATCH, Integer.toString(config.trainBatchSize()))
        .with(Setting.SCALING, config.learningRateScaling().toString().toLowerCase(Locale.ROOT))
        .with(
            Setting.AUGMENTATION,
            Conditions.augmentation(config.colorJitterStrength(), config.useBlur()));
  }

  /** Flags of the run whose checkpoint was fine-tuned, as far as its directory is there. */
  private static Optional<RunConfig> pretrainingOf(RunConfig config) {
    if (config.checkpoint().isEmpty()) {
      return Optional.empty();
    }
    Path checkpoint = LocalPath.of(config.checkpoint().get(), "--checkpoint");
    Path directory =
        Files.isDirectory(checkpoint) ? checkpoint : checkpoint.toAbsolutePath().getParent();
    try {
      return directory == null
          ? Optional.empty()
          : FlagsFile.read(directory)
              .map(flags -> RunConfig.of(flags.flags()))
              .filter(RunConfig::pretraining);
    } catch (UserException e) {
      return Optional.empty(); // Another run's files are not this report's business.
    }
  }

  /** Of a run that goes on from another; of one data set, or of the other's and then its own. */
  private static Conditions pretrainedThen(RunConfig before, RunConfig own, String trained) {
    RunData data = RunData.of(before);
    return pretraining(before, data, OptionalLong.empty())
        .with(
            Setting.DATA,
            bare(before.dataset()).equals(bare(own.dataset()))
                ? trained
                : dataset(before.dataset(), data.trainExamples(), data.testExamples())
                    + ", then "
                    + trained);
  }

  /** Epochs that were trained, as far as the run came. */
  private static String epochs(RunConfig config, OptionalLong examples, OptionalLong step) {
    if (examples.isPresent() && (step.isPresent() || config.trainSteps() > 0)) {
      double steps = step.orElse(config.trainSteps());
      double epochs = steps * config.trainBatchSize() / examples.getAsLong();
      return epochs < 9.5
          ? String.format(Locale.ROOT, "%.1f", epochs).replace(".0", "")
          : Long.toString(Math.round(epochs));
    }
    return config.trainSteps() > 0 ? "" : Integer.toString(config.trainEpochs());
  }

  /** How the run's own classifier came about. */
  static String ownEvaluation(RunConfig config) {
    if (config.pretraining()) {
      return "linear, trained beside pretraining";
    } else if (config.distillation().teacher().isPresent()) {
      return "distilled";
    } else if (config.fineTuneAfterBlock() == 4) {
      return Conditions.linearBySgd() + labels(config).map(labels -> ", on " + labels).orElse("");
    } else if (config.checkpoint().isEmpty()) {
      return Conditions.supervised() + labels(config).map(labels -> " on " + labels).orElse("");
    } else if (config.fineTuneAfterBlock() >= 0) {
      return "fine-tuned after block "
          + config.fineTuneAfterBlock()
          + labels(config).map(labels -> " on " + labels).orElse("");
    }
    return labels(config)
        .map(labels -> "fine-tuned on " + labels)
        .orElse(Conditions.fineTuned("100"));
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

  private static String protocol(StoredEvaluation evaluation) {
    String protocol = evaluation.text("/protocol").orElse("");
    String name =
        switch (protocol) {
          case "linear_sgd" -> Conditions.linearBySgd();
          case "fast_linear" -> "linear, SGD on fixed features";
          case "logreg" -> Conditions.linearByLbfgs();
          case "knn" -> knn(evaluation.result());
          default -> protocol;
        };
    String layer = evaluation.text("/layer").orElse(Layers.H);
    String kind = evaluation.text("/encoder/kind").orElse("");
    return name
        + (layer.equals(Layers.H) ? "" : ", on " + layer)
        + (kind.equals("random_init") || kind.equals("raw_pixels")
            ? ", of " + kind.replace('_', ' ')
            : "");
  }

  /** With all that rule 10 wants in the label; k is the one that was chosen, if there were more. */
  private static String knn(JsonNode result) {
    JsonNode settings = result.path("settings");
    JsonNode k = result.has("k") ? result.path("k") : settings.path("k");
    return "kNN k=%s cosine, %s"
        .formatted(
            k.isArray() && k.size() == 1 ? k.get(0).asText() : k.asText("?"),
            settings.has("temperature")
                ? "weights exp(cosine / " + settings.path("temperature").asText() + ")"
                : "no weights");
  }

  private static OptionalLong count(JsonNode result, String split) {
    JsonNode examples = result.path(split).path("examples");
    return examples.isIntegralNumber()
        ? OptionalLong.of(examples.longValue())
        : OptionalLong.empty();
  }

  /** A data set by its published name, if it is the whole of it. */
  static String dataset(String name, OptionalLong train, OptionalLong test) {
    String bare = bare(name);
    if (name.startsWith(SUBSET)
        && List.of(12_811L, 128_116L).contains(train.orElse(0))
        && test.orElse(0) == 50_000) {
      return "ImageNet"; // Which labels of it, the evaluation says.
    }
    return switch (bare) {
      case "cifar10", "cifar10_binary" -> whole("CIFAR-10", train, 50_000, test, 10_000);
      case "cifar100" -> whole("CIFAR-100", train, 50_000, test, 10_000);
      case "imagenet2012" -> whole("ImageNet", train, 1_281_167, test, 50_000);
      default -> bare.equals("folder") ? "own images" : bare;
    };
  }

  /** Without version or directory; the subset of ImageNet is ImageNet. */
  private static String bare(String name) {
    return name.replaceFirst("[:/].*", "").replaceFirst("_subset$", "");
  }

  private static String whole(
      String name, OptionalLong train, long allTrain, OptionalLong test, long allTest) {
    if (train.isEmpty()) {
      return name + ", of unknown size";
    }
    if (train.getAsLong() == allTrain && test.orElse(allTest) == allTest) {
      return name;
    }
    return String.format(Locale.ROOT, "%s, %,d training images", name, train.getAsLong())
        + (test.isPresent()
            ? String.format(Locale.ROOT, " and %,d test images", test.getAsLong())
            : "");
  }
}
