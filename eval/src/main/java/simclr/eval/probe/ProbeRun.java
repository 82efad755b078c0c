package simclr.eval.probe;

import com.google.common.collect.ImmutableList;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSource;
import simclr.eval.record.EncoderInfo;
import simclr.eval.record.EvaluationRecord;

/**
 * One protocol on one representation or several.
 *
 * @param source of the examples
 * @param seeds one evaluation for each where the protocol is random; only the first is taken where
 *     it is not
 * @param output where results are written; empty to write none
 */
public record ProbeRun(
    FeatureSource source, Protocol protocol, ImmutableList<Long> seeds, Optional<Path> output) {

  public ProbeRun {
    Checks.require(!seeds.isEmpty(), "--seeds is empty, expected whole numbers such as 1,2,3");
  }

  /**
   * Evaluates one layer.
   *
   * @param asked its name; empty for h
   * @param stop asked now and then
   * @return empty if it was stopped
   * @throws simclr.config.UserException for everything that the user can mend
   */
  public Optional<ProbeResult> one(
      Optional<String> asked, Reporter reporter, BooleanSupplier stop) {
    long start = System.nanoTime();
    String layer = source.layer(asked);
    Optional<Path> to = directory(layer);
    Optional<ImmutableList<FeatureSets>> sets =
        source.load(ImmutableList.of(layer), reporter, stop);
    Optional<ProbeResult> result =
        sets.flatMap(
            loaded ->
                evaluate(
                    protocol.takesMultiLabel() ? loaded.get(0) : singleLabelled(loaded.get(0)),
                    to,
                    start,
                    reporter,
                    stop));
    result.ifPresent(found -> to.ifPresent(dir -> write(found, dir, reporter)));
    return result;
  }

  /**
   * The record of the usual layer that lies where it would be written, if it is of the same encoder
   * with the same settings and flags.
   *
   * @param encoder that is evaluated
   */
  public Optional<EvaluationRecord> stored(EncoderInfo encoder) {
    return directory(source.layer(Optional.empty()))
        .map(directory -> directory.resolve(EvaluationRecord.FILE))
        .filter(Files::exists)
        .map(EvaluationRecord::read)
        .filter(record -> record.encoder().equals(Optional.of(encoder)))
        .filter(record -> record.protocol().equals(protocol.protocol()))
        .filter(record -> record.provenance().sameFlags(source.flags()));
  }

  /**
   * Evaluates every layer, which are extracted in one pass. Of the last block group only its
   * average is taken, which is h. The table compares top-1, so examples have one label each.
   *
   * @return empty if it was stopped
   */
  public Optional<LayersResult> all(Reporter reporter, BooleanSupplier stop) {
    ImmutableList<String> layers =
        source.layers().stream()
            .filter(layer -> !layer.equals("block_group4"))
            .collect(ImmutableList.toImmutableList());
    Optional<ImmutableList<FeatureSets>> sets = source.load(layers, reporter, stop);
    if (sets.isEmpty()) {
      return Optional.empty();
    }
    Optional<Path> to = directory("layers");
    List<ProbeResult> results = new ArrayList<>();
    for (FeatureSets layer : sets.get()) {
      reporter.line("layer " + layer.layer());
      Optional<ProbeResult> result =
          evaluate(
              singleLabelled(layer),
              to.map(dir -> dir.resolve(layer.layer())),
              System.nanoTime(),
              reporter,
              stop);
      if (result.isEmpty()) {
        return Optional.empty();
      }
      to.ifPresent(dir -> result.get().write(dir.resolve(layer.layer())));
      results.add(result.get());
    }
    LayersResult all = new LayersResult(protocol, results);
    to.ifPresent(
        dir -> {
          all.write(dir);
          // Until here a kill loses no layer's choice, though their records are there.
          layers.forEach(layer -> removeProgress(dir.resolve(layer)));
        });
    return Optional.of(all);
  }

  private static FeatureSets singleLabelled(FeatureSets sets) {
    return sets.singleLabelled("top_1");
  }

  /** Where the result of a layer lies: {@code logreg-final_avg_pool}. */
  private Optional<Path> directory(String layer) {
    String kind = source.label().isEmpty() ? "" : source.label() + "-";
    return output.or(() -> source.defaultOutput(protocol.command() + "-" + kind + layer));
  }

  /**
   * Where a protocol keeps how far it is: {@code logreg.partial}. Several seeds have a file each,
   * so that a kill in the second does not lose the first.
   */
  private Path progress(Path directory, long seed) {
    return directory.resolve(
        String.format(
            Locale.ROOT,
            "%s%s.partial",
            protocol.command(),
            seeds.size() == 1 ? "" : "-seed" + seed));
  }

  private void removeProgress(Path directory) {
    seeds.forEach(seed -> ProbeResult.remove(progress(directory, seed)));
  }

  private void write(ProbeResult result, Path directory, Reporter reporter) {
    result.write(directory);
    removeProgress(directory);
    reporter.line("written to " + directory.resolve(EvaluationRecord.FILE));
  }

  private Optional<ProbeResult> evaluate(
      FeatureSets sets,
      Optional<Path> directory,
      long start,
      Reporter reporter,
      BooleanSupplier stop) {
    List<Long> taken = protocol.random(sets) ? seeds : seeds.subList(0, 1);
    List<Outcome> outcomes = new ArrayList<>();
    for (long seed : taken) {
      Optional<Outcome> outcome =
          protocol.run(sets, seed, directory.map(dir -> progress(dir, seed)), reporter, stop);
      if (outcome.isEmpty()) {
        return Optional.empty();
      }
      outcomes.add(outcome.get());
    }
    return Optional.of(
        ProbeResult.of(source, protocol, sets, taken, outcomes, (System.nanoTime() - start) / 1e9));
  }
}
