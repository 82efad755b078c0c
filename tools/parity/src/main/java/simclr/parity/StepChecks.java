package simclr.parity;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import simclr.checkpoint.RunState.Slot;
import simclr.model.VariableSpec;

/** Holds what a step left behind against what a file knows of it. */
final class StepChecks {
  /** Of the learning rate, which stands in the files without a tolerance of its own. */
  private static final double RATE_TOLERANCE = 1e-6;

  private final Checks checks;
  private final Steps run;
  private final List<VariableSpec> specs;

  StepChecks(Checks checks, Steps run) {
    this.checks = checks;
    this.run = run;
    this.specs = run.specs().all();
  }

  /**
   * Compares everything that the file has of the step.
   *
   * @param name of the step, in front of the names of the groups
   */
  void check(String name, GoldenStep golden) {
    checks
        .of("learning_rate", name)
        .close(
            "learning rate",
            run.learningRate(),
            golden.learningRate(),
            RATE_TOLERANCE * Math.abs(golden.learningRate()));
    checkScalars(name, golden);
    golden
        .gradients()
        .ifPresent(
            rows -> {
              List<Integer> reached = filter(specs.size(), i -> run.gradient(i).isPresent());
              checkRows(name + " gradients", rows, reached, run::gradient);
            });
    golden
        .variablesAfter()
        .ifPresent(
            rows -> {
              List<Integer> every = filter(specs.size(), i -> true);
              checkRows(name + " variables_after", rows, every, i -> Optional.of(run.variable(i)));
            });
    golden.slotsAfter().ifPresent(rows -> checkSlots(name + " slots_after", rows));
  }

  /** Variables that have no gradient: those that the file lists, and no others. */
  void checkWithoutGradient(List<Integer> golden) {
    int trainable = run.specs().trainable().size();
    checks
        .of("no_gradient", "which")
        .equalLists(
            "variable",
            filter(trainable, i -> run.gradient(i).isEmpty()),
            golden.stream().sorted().toList());
  }

  /** Variables that are bit for bit as at the start: those that the file lists, and no others. */
  void checkUnmoved(IntFunction<Values> start, List<Integer> golden) {
    checks
        .of("unmoved", "which")
        .equalLists(
            "variable",
            filter(specs.size(), i -> run.variable(i).sameAs(start.apply(i))),
            golden.stream().sorted().toList());
  }

  private void checkScalars(String name, GoldenStep golden) {
    checks
        .of("scalars", name)
        .equalLists(
            "scalar",
            run.scalars().keySet().stream().sorted().toList(),
            golden.scalars().keySet().stream().sorted().toList());
    golden
        .scalars()
        .forEach(
            (scalar, pair) ->
                checks
                    .of(scalar, name)
                    .close(
                        scalar,
                        run.scalars().getOrDefault(scalar, Double.NaN),
                        pair.get(0),
                        pair.get(1)));
  }

  /** Every row, and that there is one for each variable that has a value. */
  private void checkRows(
      String group, List<Row> rows, List<Integer> present, IntFunction<Optional<Values>> values) {
    List<Integer> listed = new ArrayList<>();
    for (Row row : rows) {
      int index = row.variable(specs);
      listed.add(index);
      Comparison comparison = checks.of(group, specs.get(index).kerasName());
      values
          .apply(index)
          .ifPresentOrElse(
              got -> row.check(comparison, got),
              () -> comparison.equal("value", "absent", "present"));
    }
    checks.of(group, "which").equalLists("variable", present, listed.stream().sorted().toList());
  }

  private void checkSlots(String group, List<Row> rows) {
    List<String> listed = new ArrayList<>();
    for (Row row : rows) {
      VariableSpec spec = specs.get(row.variable(specs));
      String name = row.text(1);
      listed.add(spec.kerasName() + " " + name);
      Comparison comparison = checks.of(group, spec.kerasName() + " " + name);
      run.slot(spec, name)
          .ifPresentOrElse(
              got -> row.check(comparison, got),
              () -> comparison.equal("slot", "absent", "present"));
    }
    checks
        .of(group, "which")
        .equalLists(
            "slot",
            run.slots().stream().map(StepChecks::name).sorted().toList(),
            listed.stream().sorted().toList());
  }

  private static String name(Slot slot) {
    return slot.of().kerasName() + " " + slot.name();
  }

  private static List<Integer> filter(int size, IntPredicate wanted) {
    return IntStream.range(0, size).filter(wanted).boxed().toList();
  }
}
