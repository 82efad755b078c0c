package simclr.eval.study;

import com.google.common.base.Ascii;
import com.google.common.base.Splitter;
import com.google.common.primitives.Doubles;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import simclr.config.RunConfig;
import simclr.eval.published.PublishedTables;
import simclr.eval.published.Setting;
import simclr.eval.published.Verified;

/**
 * The paper's value for one choice of a study, or for the difference of two.
 *
 * @param text as published
 * @param source where it stands
 * @param verified whether it was read there
 */
record PublishedValue(String text, String source, Verified verified) {
  private static final String BATCH_AND_EPOCHS = "batch and epochs";
  private static final String LINEAR = "linear eval top-1";
  private static final String GAIN = "gain ";

  /** Finds the row of a run; empty where the study or the run names none. */
  static Optional<PublishedValue> of(Study study, PlannedRun run) {
    if (study.published().isEmpty()) {
      return Optional.empty();
    }
    String ablation = study.published().get();
    return ablation.equals(BATCH_AND_EPOCHS)
        ? batchAndEpochs(run)
        : run.published()
            .flatMap(setting -> of(ablation, setting, quantity -> quantity.endsWith(LINEAR)));
  }

  /** Finds the row of a difference; empty where the study names none. */
  static Optional<PublishedValue> of(Study study, Contrast contrast) {
    return study
        .published()
        .flatMap(
            ablation -> of(ablation, contrast.published(), quantity -> quantity.startsWith(GAIN)));
  }

  private static Optional<PublishedValue> of(
      String ablation, String setting, Predicate<String> quantity) {
    return PublishedTables.ablations().stream()
        .filter(row -> row.ablation().equals(ablation))
        .filter(row -> row.setting().equals(setting))
        .filter(row -> quantity.test(row.quantity()))
        .findFirst()
        .map(row -> new PublishedValue(row.value(), row.source(), row.verified()));
  }

  /** As a number; empty where words were published. */
  Optional<Double> number() {
    return Optional.ofNullable(Doubles.tryParse(text));
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
