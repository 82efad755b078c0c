package simclr.eval.probe.sgd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
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
    return "fast_linear";
  }

  @Override
  public String command() {
    return "linear";
  }

  @Override
  public void describe(ObjectNode settings, FeatureSets sets) {
    settings.put("optimizer", "momentum (Nesterov)");
    settings.put("train_epochs", epochs);
    settings.put("train_batch_size", batchSize);
    settings.put("learning_rate", learningRate);
    settings.put("learning_rate_scaling", "linear");
    settings.put("schedule", "cosine");
    settings.put("warmup_epochs", warmupEpochs);
    settings.put("momentum", momentum);
    settings.put("weight_decay", 0.0);
    settings.put("standardize", standardize);
    settings.put("augmentation", "none: features were extracted once");
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
      ObjectNode details = Outcome.object();
      details.putObject("fit").put("steps", steps).put("batch", batch);
      return Optional.of(
          new Outcome(
              Outcome.measure(classifier, sets.test(), sets.classNames()),
              1,
              Optional.empty(),
              OptionalDouble.of(objective),
              OptionalDouble.empty(),
              details));
    }
  }

  /** Says, or refuses, a classifier that is worse than one that knows nothing. */
  private void tellIfLost(double objective, int classes, Reporter reporter) {
    double guessing = Math.log(classes);
    if (!Double.isFinite(objective)) {
      throw new UserException(
          ExitCode.DIVERGED,
          "training overflowed at --learning_rate=%s, expected a lower one for these features, or"
              + " --standardize",
          learningRate);
    }
    if (objective > guessing) {
      reporter.line(
          String.format(
              Locale.ROOT,
              "the classifier ended at a cross entropy of %.4g on its training examples, worse than"
                  + " the %.4g of guessing: the figure says more of --learning_rate than of the"
                  + " features; lower it, or take --standardize",
              objective,
              guessing));
    }
  }

  /** How many steps a killed training had kept, from which this one goes on. */
  private static long resume(
      ProbeCheckpoint kept, SgdTrainer training, long steps, Reporter reporter) {
    Optional<JsonNode> found = kept.read("training begins anew", reporter);
    if (found.isEmpty()) {
      return 0;
    }
    long done = found.get().path("step").asLong();
    reporter.line(
        String.format(Locale.ROOT, "training: going on after %d of %d steps", done, steps));
    try {
      byte[] bytes = found.get().path("state").binaryValue();
      float[] state = new float[bytes.length / Float.BYTES];
      ByteBuffer.wrap(bytes).asFloatBuffer().get(state);
      training.resume(state, done);
    } catch (IOException e) {
      throw new IllegalStateException(e); // We wrote it, as its hash says.
    }
    return done;
  }

  private static void keep(ProbeCheckpoint kept, SgdTrainer training, long step) {
    float[] state = training.state();
    ByteBuffer bytes = ByteBuffer.allocate(state.length * Float.BYTES);
    bytes.asFloatBuffer().put(state);
    kept.save(Outcome.object().put("step", step).put("state", bytes.array()));
  }
}
