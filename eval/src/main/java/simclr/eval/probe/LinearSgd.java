package simclr.eval.probe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import simclr.eval.features.Countdown;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.train.Reporter;

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
 */
public record LinearSgd(
    int epochs, int batchSize, double learningRate, double warmupEpochs, double momentum)
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
    return new LinearSgd(100, 512, 0.1, 0, 0.9);
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
    Countdown countdown = Countdown.of(reporter, "training", 0, steps);
    try (HeadTraining training = HeadTraining.of(train, sets.classes(), batch, momentum, seed)) {
      training.schedule(learningRate * batch / 256, warmupSteps, steps);
      for (long step = 0; step < steps; step++) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        training.step(step);
        countdown.at(step + 1);
      }
      countdown.end();
      LinearClassifier classifier = training.classifier();
      ObjectNode details = Outcome.object();
      details.putObject("fit").put("steps", steps).put("batch", batch);
      return Optional.of(
          new Outcome(
              Outcome.measure(classifier, sets.test(), sets.classNames()),
              1,
              Optional.empty(),
              OptionalDouble.of(classifier.crossEntropy(train)),
              OptionalDouble.empty(),
              details));
    }
  }
}
