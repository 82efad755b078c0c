package simclr.parity;

import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import simclr.checkpoint.RunState.Slot;
import simclr.config.RunConfig;
import simclr.model.VariableSpec;

/**
 * Files {@code step-*}, {@code finetune-*} and {@code two-replica-*}: training steps through the
 * product's training graph, its input replaced by given batches.
 */
final class StepCase implements GoldenCase {
  /** Of the learning rate, which stands in these files without a tolerance of its own. */
  private static final double RATE_TOLERANCE = 1e-6;

  @Override
  public void check(Fields file, Checks checks) {
    file.text("name");
    file.texts("noise_paths");
    RunConfig config =
        file.runConfig("flags", ImmutableMap.of("replicas", file.any("replicas").asText()));
    int numClasses = file.count("num_classes");
    long examples = file.integer("num_examples");
    List<GoldenVariable> variables = GoldenVariable.listOf(file);
    List<Integer> zeroed = indices(file, "zeroed", variables.size());
    List<GoldenStep> steps = new ArrayList<>();
    for (Fields step : file.objects("steps")) {
      steps.add(GoldenStep.read(step));
      step.done();
    }
    try (Steps run = new Steps(config, examples, numClasses, steps.get(0).shape())) {
      if (!GoldenVariable.compare(checks, variables, run.specs())) {
        throw file.error(
            "variables are not those of the model that the flags select, so no step can be taken:"
                + " %s",
            firstFailure(checks));
      }
      for (int i = 0; i < variables.size(); i++) {
        run.assign(i, start(variables, zeroed, i));
      }
      run.begin();
      for (int i = 0; i < steps.size(); i++) {
        check(file, checks, run, steps.get(i), i, numClasses);
      }
      checks
          .of("global_step_after", "")
          .equal("global step", run.globalStep(), file.integer("global_step_after"));
      checkGradients(checks, run, indices(file, "no_gradient", variables.size()));
      checkUnmoved(checks, run, variables, zeroed, indices(file, "unmoved", variables.size()));
      checkKeys(file.object("optimizer_keys"), checks, run);
    }
  }

  private static List<Integer> indices(Fields file, String name, int size) {
    return file.integers(name).stream()
        .map(
            index -> {
              if (index < 0 || index >= size) {
                throw file.error("%s holds %s, expected indices below %s", name, index, size);
              }
              return index.intValue();
            })
        .toList();
  }

  private static String firstFailure(Checks checks) {
    return checks.verdicts().stream()
        .filter(quantity -> !quantity.holds())
        .map(Quantity::worst)
        .findFirst()
        .orElse("");
  }

  private static float[] start(List<GoldenVariable> variables, List<Integer> zeroed, int index) {
    GoldenVariable variable = variables.get(index);
    return zeroed.contains(index)
        ? new float[Math.toIntExact(variable.shape().size())]
        : variable.start();
  }

  private static void check(
      Fields file, Checks checks, Steps run, GoldenStep golden, int number, int numClasses) {
    if (!golden.shape().equals(run.imageShape())) {
      throw file.error(
          "images of step %s have shape %s, expected %s as in step 0",
          number, golden.shape(), run.imageShape());
    }
    String step = "step " + number + " ";
    int size = run.specs().all().size();
    run.take(golden.images(), golden.labels(numClasses));

    checks
        .of("learning_rate", step.strip())
        .close(
            "learning rate",
            run.learningRate(),
            golden.learningRate(),
            RATE_TOLERANCE * Math.abs(golden.learningRate()));
    checks
        .of("scalars", step + "names")
        .equalLists(
            "scalar",
            run.scalars().keySet().stream().sorted().toList(),
            golden.scalars().keySet().stream().sorted().toList());
    golden.scalars().entrySet().stream()
        .filter(scalar -> run.scalars().containsKey(scalar.getKey()))
        .forEach(
            scalar ->
                checks
                    .of(scalar.getKey(), step.strip())
                    .close(
                        scalar.getKey(),
                        run.scalars().getOrDefault(scalar.getKey(), Double.NaN),
                        scalar.getValue().get(0),
                        scalar.getValue().get(1)));
    golden
        .gradients()
        .ifPresent(rows -> checkRows(checks, run, step + "gradients", rows, run::gradient));
    golden
        .variablesAfter()
        .ifPresent(rows -> checkRows(checks, run, step + "variables_after", rows, run::variable));
    golden
        .slotsAfter()
        .ifPresent(rows -> checkSlots(checks, run, step + "slots_after", rows, size));
  }

  /** Every row, and that there is one for each variable for which the product has values. */
  private static void checkRows(
      Checks checks,
      Steps run,
      String group,
      List<Row> rows,
      IntFunction<Optional<Values>> values) {
    List<VariableSpec> specs = run.specs().all();
    for (Row row : rows) {
      int index = row.index(specs.size());
      Comparison comparison = checks.of(group, specs.get(index).kerasName());
      values
          .apply(index)
          .ifPresentOrElse(
              got -> row.check(comparison, got),
              () -> comparison.equal("value", "absent", "present"));
    }
    List<Integer> listed = rows.stream().map(row -> row.index(specs.size())).toList();
    checks
        .of(group, "which")
        .equalLists(
            "variable",
            filter(specs.size(), i -> values.apply(i).isPresent()),
            listed.stream().sorted().toList());
  }

  private static void checkSlots(Checks checks, Steps run, String group, List<Row> rows, int size) {
    List<VariableSpec> specs = run.specs().all();
    List<String> listed = new ArrayList<>();
    for (Row row : rows) {
      VariableSpec spec = specs.get(row.index(size));
      String slot = Fields.textOf(group, row.name(1));
      listed.add(spec.kerasName() + " " + slot);
      Comparison comparison = checks.of(group, spec.kerasName() + " " + slot);
      run.slot(spec, slot)
          .ifPresentOrElse(
              got -> row.check(comparison, got),
              () -> comparison.equal("slot", "absent", "present"));
    }
    checks
        .of(group, "which")
        .equalLists(
            "slot",
            run.slots().stream().map(StepCase::name).sorted().toList(),
            listed.stream().sorted().toList());
  }

  private static String name(Slot slot) {
    return slot.of().kerasName() + " " + slot.name();
  }

  private static void checkGradients(Checks checks, Steps run, List<Integer> none) {
    int trainable = run.specs().trainable().size();
    checks
        .of("no_gradient", "which")
        .equalLists(
            "variable",
            filter(trainable, i -> run.gradient(i).isEmpty()),
            none.stream().sorted().toList());
  }

  /** Bit for bit as at the start: those that the file names, and no others. */
  private static void checkUnmoved(
      Checks checks,
      Steps run,
      List<GoldenVariable> variables,
      List<Integer> zeroed,
      List<Integer> golden) {
    checks
        .of("unmoved", "which")
        .equalLists(
            "variable",
            filter(
                variables.size(),
                i ->
                    run.variable(i)
                        .orElseThrow()
                        .sameAs(
                            Values.floats(variables.get(i).shape(), start(variables, zeroed, i)))),
            golden.stream().sorted().toList());
  }

  private static List<Integer> filter(int size, IntPredicate wanted) {
    return IntStream.range(0, size).filter(wanted).boxed().toList();
  }

  private static void checkKeys(Fields keys, Checks checks, Steps run) {
    keys.ifAny("rule", keys::text);
    keys.ifAny("slots", keys::integer)
        .ifPresent(
            slots ->
                checks
                    .of("checkpoint keys", "slots")
                    .equal("number of slots", SavedKeys.slots(run.saver()), slots));
    SavedKeys.compare(checks, SavedKeys.of(run.saver()), SavedKeys.listOf(keys, "others"));
    keys.done();
  }
}
