package simclr.eval.study;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import simclr.config.RunConfig;
import simclr.config.RunConfig.ProjHeadMode;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.Layers;

/**
 * Several pretrainings that differ in what is studied, and how they are compared.
 *
 * @param title in words
 * @param published name of the paper's ablation that shows the same choices, if there is one
 * @param evaluation of every run
 * @param layers that are evaluated, of the projection head only where a run has one; the first
 *     counts
 * @param runs in the order in which they are trained and shown
 * @param contrasts differences of runs that the paper reports
 */
public record Study(
    String title,
    Optional<String> published,
    StudyEvaluation evaluation,
    ImmutableList<String> layers,
    ImmutableList<PlannedRun> runs,
    ImmutableList<Contrast> contrasts) {

  /** Checks every run's flags, and that contrasts name runs, before the first one is trained. */
  public Study {
    Set<String> directories = new HashSet<>();
    for (PlannedRun run : runs) {
      RunConfig config = RunConfig.of(run.flags());
      if (!config.pretraining() || config.mode() != RunConfig.Mode.TRAIN) {
        throw new UserException(
            ExitCode.USAGE,
            "run \"%s\" of the study is not a pretraining run, expected --train_mode=pretrain and"
                + " --mode=train",
            run.name());
      }
      if (!directories.add(run.directory())) {
        throw new UserException(
            ExitCode.USAGE,
            "run \"%s\" of the study has the directory %s of another, expected names that differ in"
                + " letters or digits",
            run.name(),
            run.directory());
      }
    }
    for (PlannedRun run : runs) {
      requireLayer(run.name(), layers.get(0), layersOf(run, layers));
    }
    for (Contrast contrast : contrasts) {
      requireSide(contrast.first(), runs, layers);
      requireSide(contrast.second(), runs, layers);
    }
  }

  /**
   * Reads a study's file; its grammar is {@link SweepFile}'s.
   *
   * @param given flags that go before those of all runs, such as {@code data_dir}
   * @throws UserException if it cannot be read or a run's flags are wrong
   */
  public static Study read(Path file, Map<String, String> given) {
    return SweepFile.read(file, given);
  }

  /** The run of a name; there is one for each side of a contrast. */
  PlannedRun run(String name) {
    return named(name, runs).orElseThrow();
  }

  private static Optional<PlannedRun> named(String name, List<PlannedRun> runs) {
    return runs.stream().filter(run -> run.name().equals(name)).findFirst();
  }

  /** The study's layers that a run's model has: without a projection head z is not there. */
  ImmutableList<String> layersOf(PlannedRun run) {
    return layersOf(run, layers);
  }

  private static ImmutableList<String> layersOf(PlannedRun run, ImmutableList<String> layers) {
    boolean head = RunConfig.of(run.flags()).projHeadMode() != ProjHeadMode.NONE;
    return layers.stream()
        .filter(layer -> head || !Layers.ofProjectionHead(layer))
        .collect(toImmutableList());
  }

  private static void requireSide(
      Contrast.Side side, ImmutableList<PlannedRun> runs, ImmutableList<String> layers) {
    PlannedRun run =
        named(side.run(), runs)
            .orElseThrow(
                () ->
                    new UserException(
                        ExitCode.USAGE,
                        "a contrast of the study names run \"%s\", expected one of %s",
                        side.run(),
                        runs.stream().map(PlannedRun::name).toList()));
    requireLayer(run.name(), side.layer(), layersOf(run, layers));
  }

  private static void requireLayer(String run, String layer, ImmutableList<String> layers) {
    if (!layers.contains(layer)) {
      throw new UserException(
          ExitCode.USAGE,
          "run \"%s\" of the study has no layer %s, expected one of %s",
          run,
          layer,
          layers);
    }
  }
}
