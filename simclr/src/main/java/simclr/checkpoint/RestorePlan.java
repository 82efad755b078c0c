package simclr.checkpoint;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static simclr.checkpoint.CheckpointKeys.key;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.RestoreReport.Mismatch;

/**
 * Which tensor of a checkpoint goes into which variable. Shapes and types are compared here,
 * because the runtime accepts a tensor of another shape without a word.
 *
 * @param report what fits and what does not
 * @param keys the tensor to take, by the path of the variable that takes it
 */
record RestorePlan(RestoreReport report, ImmutableMap<String, String> keys) {

  /**
   * A variable to restore.
   *
   * @param path how it is reported
   * @param inFile paths under which a checkpoint may hold it; the first one there counts
   */
  record Wanted(String path, DataType type, Shape shape, ImmutableList<String> inFile) {
    static Wanted of(String path, DataType type, Shape shape) {
      return new Wanted(path, type, shape, ImmutableList.of(path));
    }
  }

  /**
   * @param unusedCounts paths of the file that are reported if nothing takes them
   */
  static RestorePlan of(CheckpointFile file, List<Wanted> wanted, Predicate<String> unusedCounts) {
    Map<String, String> keys = new LinkedHashMap<>();
    Set<String> seen = new HashSet<>();
    ImmutableList.Builder<String> missing = ImmutableList.builder();
    ImmutableList.Builder<Mismatch> mismatched = ImmutableList.builder();
    for (Wanted variable : wanted) {
      Optional<Entry> entry = find(file, variable);
      entry.ifPresent(found -> seen.add(found.path()));
      if (entry.isEmpty()) {
        missing.add(variable.path());
      } else if (fits(entry.get(), variable)) {
        keys.put(variable.path(), entry.get().key());
      } else {
        mismatched.add(
            new Mismatch(
                variable.path(),
                text(entry.get().type(), entry.get().shape()),
                text(variable.type(), variable.shape())));
      }
    }
    ImmutableList<String> unused =
        file.tensors().stream()
            .map(Entry::path)
            .filter(path -> !seen.contains(path) && unusedCounts.test(path))
            .collect(toImmutableList());
    RestoreReport report =
        new RestoreReport(
            file.toString(),
            ImmutableList.copyOf(keys.keySet()),
            missing.build(),
            unused,
            mismatched.build());
    return new RestorePlan(report, ImmutableMap.copyOf(keys));
  }

  private static Optional<Entry> find(CheckpointFile file, Wanted variable) {
    return variable.inFile().stream()
        .map(path -> file.find(key(path)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static boolean fits(Entry entry, Wanted variable) {
    return entry.type() == variable.type() && entry.shape().equals(variable.shape());
  }

  private static String text(DataType type, Shape shape) {
    String name = type == DataType.DT_FLOAT ? "float32" : type.name().substring("DT_".length());
    return name.toLowerCase(Locale.ROOT) + ' ' + RestoreReport.text(shape);
  }
}
