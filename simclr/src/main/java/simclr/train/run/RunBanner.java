package simclr.train.run;

import static java.util.stream.Collectors.joining;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import simclr.config.RunConfig;
import simclr.config.RunConfig.ProjHeadMode;
import simclr.config.RunConfig.Scaling;
import simclr.config.StepCounts;
import simclr.model.ResNetSpec;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;
import simclr.objective.WeightDecay;
import simclr.optim.LearningRateSchedule;
import simclr.optim.Optimizer;
import simclr.parallel.Devices;

/** The lines that a run opens with: what it is about to do, in one line for each question. */
final class RunBanner {
  private RunBanner() {}

  /** Which network: the stem decides over good and useless more than anything else here. */
  static String model(RunConfig config, ResNetSpec encoder, int numClasses) {
    StringBuilder line = new StringBuilder();
    line.append("model: ResNet-").append(encoder.depth());
    line.append(", stem ").append(stem(encoder));
    line.append(
        String.format(
            Locale.ROOT,
            " (image_size %d), width %d",
            config.imageSize(),
            encoder.widthMultiplier()));
    if (encoder.selectiveKernels()) {
      line.append(", selective kernels");
    }
    if (encoder.squeezeExcite()) {
      line.append(", squeeze and excitation");
    }
    line.append(", h of ").append(encoder.representationSize()).append(" values");
    if (config.projHeadMode() == ProjHeadMode.NONE) {
      line.append(", no projection head");
    } else {
      line.append(
          String.format(
              Locale.ROOT,
              ", projection head of %d layers to %d values",
              config.projLayers(),
              config.projOutDim()));
    }
    if (config.wantsSupervisedHead() && numClasses > 0) {
      line.append(String.format(Locale.ROOT, ", linear classifier of %d classes", numClasses));
      line.append(config.pretraining() ? " on detached features" : "");
    }
    return line.toString();
  }

  /** How much is trained, and with which rate: what counts when batch or devices change. */
  static String schedule(RunConfig config, StepCounts counts, long trainExamples) {
    LearningRateSchedule schedule = LearningRateSchedule.of(config, trainExamples);
    int batch = config.trainBatchSize();
    String scale =
        config.learningRateScaling() == Scaling.LINEAR
            ? String.format(Locale.ROOT, "%d / 256 (linear)", batch)
            : String.format(Locale.ROOT, "sqrt(%d)", batch);
    return String.format(
        Locale.ROOT,
        "schedule: %d images per epoch, %d per step%s, %d steps per epoch, %d steps in all;"
            + " learning rate %s = %s x %s after %d steps of warm-up, then cosine to 0",
        trainExamples,
        batch,
        config.replicas() > 1
            ? String.format(Locale.ROOT, " over %d replicas", config.replicas())
            : "",
        counts.epochSteps(),
        counts.trainSteps(),
        brief(schedule.peak()),
        brief(config.learningRate()),
        scale,
        counts.warmupSteps());
  }

  /** Which variables the optimizer treats how; a wrong exclusion costs points of accuracy. */
  static String optimizer(RunConfig config, List<Variable> trainable) {
    Optimizer optimizer = Optimizer.of(config);
    Map<Treatment, List<VariableSpec>> treated = new EnumMap<>(Treatment.class);
    for (Variable variable : trainable) {
      VariableSpec spec = variable.spec();
      boolean inLoss =
          config.weightDecay() != 0 && WeightDecay.decayedBy(config.optimizer()).test(spec);
      Treatment treatment = Treatment.of(optimizer.decays(spec) || inLoss, optimizer.adapts(spec));
      treated.computeIfAbsent(treatment, t -> new ArrayList<>()).add(spec);
    }
    String groups =
        treated.entrySet().stream()
            .map(
                group ->
                    String.format(
                        Locale.ROOT, "%d %s", group.getValue().size(), group.getKey().text))
            .collect(joining(", "));
    long values = trainable.stream().mapToLong(v -> v.spec().shape().size()).sum();
    return String.format(
        Locale.ROOT,
        "optimizer: %s over %d variables of %,d values: %s",
        config.optimizer().name().toLowerCase(Locale.ROOT),
        trainable.size(),
        values,
        groups);
  }

  /** What decides over the bits of the result beside the flags. */
  static String device(RunConfig config) {
    String device = Devices.type(config);
    return String.format(
        Locale.ROOT,
        "device: %s, threads within an operation: %s, operations at a time: %s, %s; seed %s",
        config.replicas() == 1 ? device : config.replicas() + " x " + device,
        threads(config.intraOpThreads()),
        threads(config.interOpThreads()),
        config.precision().name().toLowerCase(Locale.ROOT),
        config.seed().map(String::valueOf).orElse("none"));
  }

  /** Four digits are enough to recognise a rate. */
  private static String brief(double x) {
    return BigDecimal.valueOf(x)
        .round(new MathContext(4, RoundingMode.HALF_EVEN))
        .stripTrailingZeros()
        .toPlainString();
  }

  private static String stem(ResNetSpec encoder) {
    if (encoder.cifarStem()) {
      return "3x3 stride 1, no pooling";
    }
    return encoder.selectiveKernels()
        ? "three 3x3, stride 2, then pooling"
        : "7x7 stride 2, then pooling";
  }

  private static String threads(int given) {
    int cores = Runtime.getRuntime().availableProcessors();
    return given == 0
        ? String.format(Locale.ROOT, "one per core (%d)", cores)
        : String.valueOf(given);
  }

  private enum Treatment {
    BOTH("with weight decay and layer adaptation"),
    DECAY("with weight decay alone"),
    ADAPTATION("with layer adaptation alone"),
    NEITHER("with neither");

    private final String text;

    Treatment(String text) {
      this.text = text;
    }

    static Treatment of(boolean decayed, boolean adapted) {
      if (decayed) {
        return adapted ? BOTH : DECAY;
      }
      return adapted ? ADAPTATION : NEITHER;
    }
  }
}
