package simclr.eval.study;

import com.google.common.base.Ascii;
import com.google.common.base.Splitter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import simclr.config.RunConfig;
import simclr.eval.published.PublishedTables;
import simclr.eval.published.Setting;

/**
 * What the paper reports of one choice of a study.
 *
 * @param top1 of linear evaluation, in percent
 * @param contrastAccuracy in percent
 * @param contrastEntropy in nats
 */
record PublishedRow(
    Optional<PublishedValue> top1,
    Optional<PublishedValue> contrastAccuracy,
    Optional<PublishedValue> contrastEntropy) {
  private static final PublishedRow NONE =
      new PublishedRow(Optional.empty(), Optional.empty(), Optional.empty());
  private static final String BATCH_AND_EPOCHS = "batch and epochs";

  /** Finds the row of a run; without values where the study or the run names none. */
  static PublishedRow of(Study study, PlannedRun run) {
    if (study.published().isEmpty()) {
      return NONE;
    }
    String ablation = study.published().get();
    if (ablation.equals(BATCH_AND_EPOCHS)) {
      return new PublishedRow(batchAndEpochs(run), Optional.empty(), Optional.empty());
    }
    return run.published()
        .map(
            setting ->
                new PublishedRow(
                    value(ablation, setting, "linear eval top-1"),
                    value(ablation, setting, "contrastive accuracy"),
                    value(ablation, setting, "contrastive entropy")))
        .orElse(NONE);
  }

  private static Optional<PublishedValue> value(String ablation, String setting, String quantity) {
    return PublishedValue.of(ablation, setting, found -> found.endsWith(quantity));
  }

  /** By {@code batch/epochs/scaling} where a run names it so, else by its flags. */
  private static Optional<PublishedValue> batchAndEpochs(PlannedRun run) {
    RunConfig config = RunConfig.of(run.flags());
    String scaling = Ascii.toLowerCase(config.learningRateScaling().name());
    List<String> cell =
        run.published()
            .map(setting -> Splitter.on('/').trimResults().splitToList(setting))
            .orElseGet(
                () ->
                    List.of(
                        Integer.toString(config.trainBatchSize()),
                        Integer.toString(config.trainEpochs()),
                        scaling));
    return PublishedTables.results().stream()
        .filter(result -> result.name().equals("v1 " + BATCH_AND_EPOCHS))
        .filter(
            result ->
                Stream.of(Setting.BATCH, Setting.EPOCHS, Setting.SCALING)
                    .map(setting -> result.conditions().value(setting).orElse(""))
                    .toList()
                    .equals(cell))
        .findFirst()
        .map(result -> new PublishedValue(result.value(), result.source(), result.verified()));
  }
}
