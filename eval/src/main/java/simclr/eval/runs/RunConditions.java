package simclr.eval.runs;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import simclr.checkpoint.FlagsFile;
import simclr.config.LocalPath;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.eval.features.Layers;
import simclr.eval.finetune.OwnEvaluation;
import simclr.eval.published.Conditions;
import simclr.eval.published.Evaluation;
import simclr.eval.published.Network;
import simclr.eval.published.Quantity;
import simclr.eval.published.Scaling;
import simclr.eval.published.Setting;
import simclr.eval.published.TrainingData;
import simclr.eval.published.TrainingData.DataSet;
import simclr.eval.published.Views;
import simclr.eval.record.EncoderInfo;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.record.SplitInfo;

/**
 * The seven settings of a run and of an evaluation of it.
 *
 * <p>A run that fine-tunes was pretrained by another one: its settings are read beside the
 * checkpoint that {@code --checkpoint} names, if they are still there.
 */
final class RunConditions {
  private static final String SUBSET = "imagenet2012_subset";

  private RunConditions() {}

  /** Of the classifier that the run itself trained. */
  static Conditions ofRun(RunFolder run, RunData data) {
    Optional<RunConfig> config = run.config();
    if (config.isEmpty()) {
      return Conditions.none();
    }
    RunConfig own = config.get();
    DataSet trained = dataset(own.dataset(), data.trainExamples(), data.testExamples());
    Conditions pretraining =
        own.pretraining()
            ? pretraining(own, data, run.step()).with(Setting.DATA, TrainingData.of(trained))
            : pretrainingOf(own)
                .map(before -> pretrainedThen(before, own, trained))
                .orElseGet(() -> Conditions.none().with(Setting.DATA, TrainingData.of(trained)));
    return pretraining
        .with(
            Setting.ENCODER,
            new Network(
                own.resnetDepth(),
                own.widthMultiplier(),
                own.skRatio() > 0,
                Optional.of(own.imageSize() <= 32)))
        .with(Setting.EVALUATION, OwnEvaluation.of(own));
  }

  /**
   * Of what a probe measured on the run's encoder.
   *
   * @param ofRun its own, from {@link #ofRun}
   */
  static Conditions of(RunFolder run, RunData data, Conditions ofRun, EvaluationRecord record) {
    Optional<DataSet> measured =
        record.dataset().map(name -> dataset(name, count(record.train()), count(record.test())));
    Optional<DataSet> pretrained =
        run.config()
            .filter(
                own -> own.pretraining() && !record.dataset().equals(Optional.of(own.dataset())))
            .map(own -> dataset(own.dataset(), data.trainExamples(), data.testExamples()))
            .filter(set -> !Optional.of(set).equals(measured));
    Conditions conditions = ofRun.with(Setting.EVALUATION, evaluation(record));
    return measured
        .map(TrainingData::of)
        .map(set -> pretrained.map(before -> TrainingData.of(before).then(set)).orElse(set))
        .map(sets -> conditions.with(Setting.DATA, sets))
        .orElse(conditions);
  }

  /** The protocol, on h of a trained encoder unless the record names others. */
  private static Evaluation evaluation(EvaluationRecord record) {
    String layer = record.layer().orElse(Layers.H);
    Optional<Kind> baseline =
        record.encoder().map(EncoderInfo::kind).filter(kind -> kind.isBaseline());
    return KnownProtocols.comparedAs(record)
        .with(layer.equals(Layers.H) ? "" : ", on " + layer)
        .with(baseline.map(kind -> ", of " + kind.label().replace('_', ' ')).orElse(""));
  }

  /** What pretraining was like; {@code step} is how far it came where it is the run's own. */
  private static Conditions pretraining(RunConfig config, RunData data, OptionalLong step) {
    return epochs(config, data.trainExamples(), step)
        .map(epochs -> Conditions.none().with(Setting.EPOCHS, epochs))
        .orElse(Conditions.none())
        .with(Setting.BATCH, Quantity.of(config.trainBatchSize()))
        .with(Setting.SCALING, Scaling.valueOf(config.learningRateScaling().name()))
        .with(Setting.AUGMENTATION, Views.of(config.colorJitterStrength(), config.useBlur()));
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

  /** Of a run that starts from another; of one data set, or of the other's and then its own. */
  private static Conditions pretrainedThen(RunConfig before, RunConfig own, DataSet trained) {
    RunData data = RunData.of(before);
    return pretraining(before, data, OptionalLong.empty())
        .with(
            Setting.DATA,
            bare(before.dataset()).equals(bare(own.dataset()))
                ? TrainingData.of(trained)
                : TrainingData.of(
                        dataset(before.dataset(), data.trainExamples(), data.testExamples()))
                    .then(TrainingData.of(trained)));
  }

  /** Epochs that were trained, as far as the run came: a few of them to one decimal. */
  private static Optional<Quantity> epochs(
      RunConfig config, OptionalLong examples, OptionalLong step) {
    if (examples.isPresent() && (step.isPresent() || config.trainSteps() > 0)) {
      double steps = step.orElse(config.trainSteps());
      BigDecimal epochs =
          BigDecimal.valueOf(steps * config.trainBatchSize() / examples.getAsLong());
      boolean few = epochs.doubleValue() < 9.5;
      return Optional.of(new Quantity(epochs.setScale(few ? 1 : 0, RoundingMode.HALF_UP)));
    }
    return config.trainSteps() > 0
        ? Optional.empty()
        : Optional.of(Quantity.of(config.trainEpochs()));
  }

  private static OptionalLong count(Optional<SplitInfo> split) {
    Long examples = split.map(SplitInfo::examples).orElse(null);
    return examples == null ? OptionalLong.empty() : OptionalLong.of(examples);
  }

  /** A data set by its published name, if it is the whole of it. */
  static DataSet dataset(String name, OptionalLong train, OptionalLong test) {
    String bare = bare(name);
    if (name.startsWith(SUBSET)
        && List.of(12_811L, 128_116L).contains(train.orElse(0))
        && test.orElse(0) == 50_000) {
      return DataSet.whole("ImageNet"); // Which labels of it, the evaluation says.
    }
    return switch (bare) {
      case "cifar10", "cifar10_binary" -> whole("CIFAR-10", train, 50_000, test, 10_000);
      case "cifar100" -> whole("CIFAR-100", train, 50_000, test, 10_000);
      case "imagenet2012" -> whole("ImageNet", train, 1_281_167, test, 50_000);
      default -> DataSet.whole(bare.equals("folder") ? "own images" : bare);
    };
  }

  /** Without version or directory; the subset of ImageNet is ImageNet. */
  private static String bare(String name) {
    return name.replaceFirst("[:/].*", "").replaceFirst("_subset$", "");
  }

  private static DataSet whole(
      String name, OptionalLong train, long allTrain, OptionalLong test, long allTest) {
    if (train.isEmpty()) {
      return new DataSet(name, "of unknown size");
    }
    if (train.getAsLong() == allTrain && test.orElse(allTest) == allTest) {
      return DataSet.whole(name);
    }
    return new DataSet(
        name,
        String.format(Locale.ROOT, "%,d training images", train.getAsLong())
            + (test.isPresent()
                ? String.format(Locale.ROOT, " and %,d test images", test.getAsLong())
                : ""));
  }
}
