package simclr.eval.runs;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import simclr.config.RunConfig;
import simclr.eval.metrics.Metric;
import simclr.eval.metrics.SeedStatistics;

/**
 * Runs that differ in their seed alone, with the spread of their figures.
 *
 * @param what was evaluated
 * @param split it was measured on
 * @param runs their names
 * @param top1 mean and deviation of top-1, 0 to 1
 */
record SeedGroups(String what, String split, ImmutableList<String> runs, SeedStatistics top1) {
  /** Flags that say where files lie or how they are kept, not what is trained. */
  private static final Set<String> PLACES =
      Set.of("seed", "model_dir", "data_dir", "keep_checkpoint_max", "keep_hub_module_max", "mode");

  /** Groups of two runs and more. */
  static ImmutableList<SeedGroups> of(List<RunFolder> runs, List<List<EvaluationRow>> figures) {
    Map<List<Object>, List<EvaluationRow>> groups = new LinkedHashMap<>();
    for (int i = 0; i < runs.size(); i++) {
      Optional<RunConfig> config = runs.get(i).config();
      if (config.isEmpty()) {
        continue;
      }
      Map<String, Object> shaping = new LinkedHashMap<>(config.get().toFlags());
      shaping.keySet().removeAll(PLACES);
      for (EvaluationRow row : figures.get(i)) {
        if (row.metric(Metric.TOP_1).isPresent()) {
          List<EvaluationRow> group =
              groups.computeIfAbsent(
                  List.of(shaping, row.what(), row.split()), k -> new ArrayList<>());
          // A run counts once, with whatever settings its probe was repeated.
          if (group.stream().noneMatch(other -> other.run().equals(row.run()))) {
            group.add(row);
          }
        }
      }
    }
    return groups.values().stream()
        .filter(rows -> rows.size() > 1)
        .map(
            rows ->
                new SeedGroups(
                    rows.get(0).what(),
                    rows.get(0).split(),
                    rows.stream().map(EvaluationRow::run).collect(toImmutableList()),
                    SeedStatistics.of(
                        rows.stream()
                            .map(row -> row.metric(Metric.TOP_1).orElseThrow().value())
                            .toList())))
        .collect(toImmutableList());
  }
}
