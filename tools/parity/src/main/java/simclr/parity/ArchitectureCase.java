package simclr.parity;

import com.google.common.collect.ImmutableMap;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import simclr.config.RunConfig;
import simclr.model.VariableSpec;

/**
 * Files {@code architecture-*}: the variables of a model and, where the file has them, its
 * activations and moving statistics.
 */
final class ArchitectureCase implements GoldenCase {
  private static final int SAMPLES = 64;

  @Override
  public void check(Fields file, Checks checks) {
    file.text("name");
    RunConfig config = file.runConfig("flags", Map.of());
    int numClasses = file.count("num_classes");
    List<GoldenVariable> variables = GoldenVariable.listOf(file);
    ModelSpecs specs = ModelSpecs.of(config, numClasses);
    boolean same = GoldenVariable.compare(checks, variables, specs);
    checkParameters(file.object("parameters"), checks, specs);
    SavedKeys.compare(
        checks, SavedKeys.beforeTraining(config, numClasses), SavedKeys.listOf(file, "other_keys"));
    if (file.has("images") && same) {
      checkPasses(file, checks, config, numClasses, variables);
    } else {
      List.of("images", "noise_paths", "inference", "training", "moving_after_training")
          .forEach(name -> file.ifAny(name, file::any)); // of another model: nothing to compare
    }
  }

  private static void checkParameters(Fields parameters, Checks checks, ModelSpecs specs) {
    checks
        .of("parameters", "trainable")
        .equal("trainable", count(specs.trainable().stream()), parameters.integer("trainable"));
    checks
        .of("parameters", "non_trainable")
        .equal(
            "non_trainable", count(specs.others().stream()), parameters.integer("non_trainable"));
    parameters.done();
  }

  private static long count(Stream<VariableSpec> specs) {
    return specs.mapToLong(spec -> spec.shape().size()).sum();
  }

  private static void checkPasses(
      Fields file,
      Checks checks,
      RunConfig config,
      int numClasses,
      List<GoldenVariable> variables) {
    file.texts("noise_paths");
    Fields given = file.object("images");
    Shape shape = given.shape("shape");
    float[] pixels = Fill.images(given.text("name"), given.text("gain"), shape);
    given.done();
    Map<String, GoldenVariable> byKey =
        variables.stream()
            .collect(ImmutableMap.toImmutableMap(GoldenVariable::key, Function.identity()));
    try (ForwardPasses model = new ForwardPasses(config, numClasses, shape)) {
      model.fill(
          spec -> Optional.ofNullable(byKey.get(spec.checkpointKey())).orElseThrow().start());
      checkEndpoints(checks, "inference", model.infer(pixels), file.object("inference"));
      checkEndpoints(checks, "training", model.train(pixels), file.object("training"));
      List<Row> rows = file.list("moving_after_training", Row.reader(1));
      checks
          .of("moving_after_training", "which")
          .equalLists(
              "variable",
              variables.stream()
                  .filter(v -> v.key().contains("/moving_"))
                  .map(v -> (long) variables.indexOf(v))
                  .toList(),
              rows.stream()
                  .map(row -> (long) row.index(variables.size()))
                  .sorted(Comparator.naturalOrder())
                  .toList());
      Map<Row, String> keys = new LinkedHashMap<>();
      rows.forEach(row -> keys.put(row, variables.get(row.index(variables.size())).key()));
      Map<String, Values> moved = model.read(keys.values());
      keys.forEach(
          (row, key) -> row.check(checks.of("moving_after_training", key), OneOff.get(moved, key)));
    }
  }

  /** Endpoints with statistics and 64 samples; neither side may have one that the other lacks. */
  static void checkEndpoints(
      Checks checks, String group, Map<String, Values> found, Fields golden) {
    checks
        .of(group, "names")
        .equalLists(
            "endpoint",
            found.keySet().stream().sorted().toList(),
            golden.names().stream().sorted().toList());
    for (String name : golden.names()) {
      Fields want = golden.object(name);
      List<Double> stats = want.numbers("stats");
      List<Double> tolerances = want.numbers("stats_tol");
      List<Double> samples = want.numbers("samples");
      double tolerance = want.number("samples_tol");
      Shape shape = want.shape("shape");
      want.done();
      Values got = found.get(name);
      if (got == null) {
        continue; // the names differ, which is noted above
      }
      Comparison comparison =
          checks.of(group, name).equal("shape", got.shape().toString(), shape.toString());
      if (got.shape().equals(shape)) {
        comparison
            .close("mean", got.mean(), stats.get(0), tolerances.get(0))
            .close("mean of absolutes", got.meanOfAbsolutes(), stats.get(1), tolerances.get(1))
            .close("l2", got.l2(), stats.get(2), tolerances.get(2))
            .samples(got, Samples.positions(got.size(), SAMPLES), samples, tolerance);
      }
    }
    golden.done();
  }
}
