package simclr.train.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import simclr.config.RunConfig;
import simclr.config.StepCounts;

/** Settings that run, as they do in the reference, and seldom are what somebody wants. */
final class Warnings {
  private Warnings() {}

  static List<String> of(RunConfig config, StepCounts counts, long trainExamples, int numClasses) {
    List<String> warnings = new ArrayList<>();
    if (counts.warmupSteps() > 0 && counts.warmupSteps() >= counts.trainSteps()) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "warning: the warm-up takes %d steps and the run %d, so the rate never comes down;"
                  + " lower --warmup_epochs",
              counts.warmupSteps(),
              counts.trainSteps()));
    }
    if (config.pretraining() && 4L * config.trainBatchSize() > trainExamples) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "warning: --train_batch_size=%d is more than a quarter of the %d images, so the"
                  + " negatives hardly change from step to step; a smaller batch learns better on"
                  + " few images",
              config.trainBatchSize(),
              trainExamples));
    }
    if (config.pretraining() && config.linearevalWhilePretraining() && numClasses == 0) {
      warnings.add("note: the images have no labels, so no linear probe is trained beside");
    }
    if (!config.globalBn() && config.replicas() > 1) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "warning: --global_bn=false with %d replicas of %d images each: local statistics let"
                  + " the model tell views apart, the more so the smaller a replica's share",
              config.replicas(),
              config.trainBatchSize() / config.replicas()));
    }
    if (config.fineTuneAfterBlock() == 4 && config.featureIndex() > 0) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "note: --ft_proj_selector=%d puts the classifier on layer %d of the projection head,"
                  + " not on the encoder's output",
              config.ftProjSelector(),
              config.featureIndex()));
    }
    return warnings;
  }
}
