package simclr.eval.probe.sgd;

import com.google.common.collect.ImmutableList;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.EtaProgress;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.probe.Checks;
import simclr.eval.probe.LinearClassifier;
import simclr.eval.probe.Outcome;
import simclr.eval.probe.ProbeCheckpoint;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.Standardizer;
import simclr.eval.published.Evaluation;
import simclr.eval.published.Evaluation.Method;

/**
 * The linear classifier by gradient descent, as the reference trains its head on a frozen encoder
 * (Nesterov momentum, rate times batch / 256, cosine decay, no penalty), on extracted features:
 * what the full protocol does where no augmentation is asked for.
 *
 * @param epochs over the training examples
 * @param batchSize examples a step; all of them where there are fewer
 * @param learningRate times batch / 256
 * @param warmupEpochs of linear warm-up
 * @param momentum of Nesterov's kind
 * @param standardize whether features are brought to mean 0 and deviation 1; the reference does not
 */
public record LinearSgd(
    int epochs,
    int batchSize,
    double learningRate,
    double warmupEpochs,
    double momentum,
    boolean standardize)
    implements Protocol {
  /** Its name in records. */
  public static final String NAME = "fast_linear";

  /** What its figures mean. */
  public static final String MEANING =
      "Linear classifier trained by SGD on representations that were extracted once, without"
          + " augmentation.";

  /** A cross entropy that is less than this part below that of guessing is none that was learnt. */
  private static final double LEARNT_NOTHING = 1e-6;

  public LinearSgd {
    Checks.atLeastOne("--train_epochs", epochs);
    Checks.atLeastOne("--train_batch_size", batchSize);
    Checks.positive("--learning_rate", learningRate);
    Checks.notNegative("--warmup_epochs", warmupEpochs);
    Checks.require(
        momentum >= 0 && momentum < 1, "--momentum is %s, expected a value in [0, 1)", momentum);
  }

  /** Of the recipe for linear evaluation. */
  public static LinearSgd standard() {
    return new LinearSgd(100, 512, 0.1, 0, 0.9, false);
  }

  @Override
  public String protocol() {
    return NAME;
  }

  @Override
  public String command() {
    return "linear";
  }

  private record Settings(
      String optimizer,
      int trainEpochs,
      int trainBatchSize,
      double learningRate,
      String learningRateScaling,
      String schedule,
      double warmupEpochs,
      double momentum,
      double weightDecay,
      boolean standardize,
      String augmentation) {}

  @Override
  public Object settings(FeatureSets sets) {
    return new Settings(
        "momentum (Nesterov)",
        epochs,
        batchSize,
        learningRate,
        "linear",
        "cosine",
        warmupEpochs,
        momentum,
        0,
        standardize,
        "none: features were extracted once");
  }

  @Override
  public String meaning(FeatureSets sets) {
    return MEANING;
  }

  @Override
  public boolean random(FeatureSets sets) {
    return true;
  }

  @Override
  public Optional<Outcome> run(
      FeatureSets sets,
      long seed,
      Optional<Path> progress,
      Reporter reporter,
      BooleanSupplier stop) {
    LabelledFeatures train = sets.train();
    int batch = Math.min(batchSize, train.examples());
    // The reference's count.
    long steps = (long) train.examples() * epochs / batch + 1;
    long warmupSteps = Math.round(warmupEpochs * train.examples() / batch);
    Checks.require(
        warmupSteps < steps,
        "--warmup_epochs is %s, expected fewer than --train_epochs",
        warmupEpochs);
    Standardizer scaling =
        standardize
            ? Standardizer.standardising(train.matrix())
            : Standardizer.none(train.matrix().columns());
    try (SgdTrainer training =
        SgdTrainer.of(train, scaling, sets.classes(), batch, momentum, seed)) {
      training.schedule(learningRate * batch / 256, warmupSteps, steps);
      ProbeCheckpoint kept = ProbeCheckpoint.of(progress, this, sets, seed);
      long done = resume(kept, training, steps, reporter);
      EtaProgress countdown = EtaProgress.of(reporter, "training", done, steps);
      for (long step = done; step < steps; step++) {
        boolean stopping = stop.getAsBoolean();
        if (stopping || kept.due()) {
          keep(kept, training, step);
        }
        if (stopping) {
          return Optional.empty();
        }
        training.step(step);
        countdown.at(step + 1);
      }
      countdown.end();
      LinearClassifier classifier = training.classifier();
      double objective = classifier.crossEntropy(train);
      tellIfLost(objective, sets.classes(), reporter);
      return Optional.of(
          new Outcome(
              Outcome.measure(classifier, sets.test(), sets.classNames()),
              1,
              Optional.empty(),
              OptionalDouble.of(objective),
              OptionalDouble.empty(),
              new Details(new Trained(steps, batch)),
              ImmutableList.of(),
              Evaluation.of(Method.LINEAR_SGD_FIXED)));
    }
  }

  /** Names, or refuses, a classifier that is no better than one that knows nothing. */
  private void tellIfLost(double objective, int classes, Reporter reporter) {
    double guessing = Math.log(classes);
    if (!Double.isFinite(objective)) {
      throw new UserException(
          ExitCode.DIVERGED,
          "training overflowed at --learning_rate=%s, expected a lower one for these features, or"
              + " --standardize",
          learningRate);
    }
    if (objective > guessing * (1 - LEARNT_NOTHING)) {
      reporter.line(
          String.format(
              Locale.ROOT,
              "the classifier ended at a cross entropy of %.4g on its training examples, %s than the"
                  + " %.4g of guessing: the figure says more of --learning_rate than of the"
                  + " features; %s it, or take --standardize",
              objective,
              objective > guessing ? "worse" : "no better",
              guessing,
              objective > guessing ? "lower" : "raise"));
    }
  }

  private record Details(Trained fit) {}

  private record Trained(long steps, int batch) {}

  /** As a stopped training is kept. */
  private record State(long step, String state) {}

  /** How many steps a killed training had kept, from which this one resumes. */
  private static long resume(
      ProbeCheckpoint kept, SgdTrainer training, long steps, Reporter reporter) {
    Optional<State> found = kept.read(State.class, "training begins anew", reporter);
    if (found.isEmpty()) {
      return 0;
    }
    long done = found.get().step();
    reporter.line(
        String.format(Locale.ROOT, "training: resuming after %d of %d steps", done, steps));
    byte[] bytes = Base64.getDecoder().decode(found.get().state());
    float[] state = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).asFloatBuffer().get(state);
    training.resume(state, done);
    return done;
  }

  private static void keep(ProbeCheckpoint kept, SgdTrainer training, long step) {
    float[] state = training.state();
    ByteBuffer bytes = ByteBuffer.allocate(state.length * Float.BYTES);
    bytes.asFloatBuffer().put(state);
    kept.save(new State(step, Base64.getEncoder().encodeToString(bytes.array())));
  }
}
