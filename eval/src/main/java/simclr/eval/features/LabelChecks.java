package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import java.util.function.IntFunction;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.MultiLabels;

/** What the labels of the sets of a probe must be to each other. */
final class LabelChecks {
  private final ImmutableList<String> classNames;

  private LabelChecks(ImmutableList<String> classNames) {
    this.classNames = classNames;
  }

  /**
   * Checks that training shows every class, and that the other sets know no more.
   *
   * @throws UserException DATA in one sentence
   */
  static void require(
      LabelledFeatures train,
      Optional<LabelledFeatures> validation,
      LabelledFeatures test,
      ImmutableList<String> classNames) {
    LabelChecks checks = new LabelChecks(classNames);
    validation.ifPresent(set -> requireSameKind(train, set));
    requireSameKind(train, test);
    if (train.labels().several().isPresent()) {
      requireBothSides(train.name(), train.labels().several().get(), checks::called);
      validation.ifPresent(LabelChecks::requireAnyLabel);
      requireAnyLabel(test);
      return;
    }
    checks.requireIndices(train);
    validation.ifPresent(checks::requireIndices);
    checks.requireIndices(test);
    checks.requireEachClass(train);
  }

  /**
   * How many classes training examples show, whose labels are their indices. Before anything is
   * allocated for each class, there must be as many examples as classes.
   *
   * @throws UserException DATA in one sentence
   */
  static int classesOf(LabelledFeatures train) {
    Optional<MultiLabels> several = train.labels().several();
    if (several.isPresent()) {
      requireBothSides(train.name(), several.get(), Integer::toString);
      return several.get().classes();
    }
    long classes = train.labels().largest() + 1L;
    requireEnough(train, classes);
    return Math.toIntExact(classes);
  }

  private static void requireEnough(LabelledFeatures train, long classes) {
    if (train.examples() < classes) {
      throw refused(
          "%s has %s examples of %s classes, expected at least one of each",
          train.name(), train.examples(), classes);
    }
  }

  private static void requireSameKind(LabelledFeatures train, LabelledFeatures other) {
    Optional<MultiLabels> first = train.labels().several();
    Optional<MultiLabels> second = other.labels().several();
    if (first.isPresent() != second.isPresent()) {
      throw refused(
          "%s has a matrix of labels and %s a class for each example, expected the same kind for"
              + " all sets",
          first.isPresent() ? train.name() : other.name(),
          first.isPresent() ? other.name() : train.name());
    }
    if (first.isPresent() && first.get().classes() != second.orElseThrow().classes()) {
      throw refused(
          "%s has labels of %s classes and %s of %s, expected the same classes",
          train.name(), first.get().classes(), other.name(), second.get().classes());
    }
  }

  private static void requireBothSides(
      String name, MultiLabels labels, IntFunction<String> called) {
    for (int c = 0; c < labels.classes(); c++) {
      int positives = labels.positives(c);
      if (positives == 0 || positives == labels.examples()) {
        throw refused(
            "%s has no example %s class %s, expected at least one with and one without each of"
                + " the %s classes",
            name, positives == 0 ? "of" : "without", called.apply(c), labels.classes());
      }
    }
  }

  private static void requireAnyLabel(LabelledFeatures set) {
    MultiLabels labels = set.labels().several().orElseThrow();
    for (int c = 0; c < labels.classes(); c++) {
      if (labels.positives(c) > 0) {
        return;
      }
    }
    throw refused("%s has no example of any class, expected at least one", set.name());
  }

  private void requireIndices(LabelledFeatures set) {
    for (int i = 0; i < set.examples(); i++) {
      int label = set.labels().get(i);
      if (label < 0) {
        throw refused("%s has no labels, expected a class for each example", set.name());
      }
      if (label >= classNames.size()) {
        throw refused(
            "%s has label %s in row %s, expected 0 to %s as in training",
            set.name(), label, i, classNames.size() - 1);
      }
    }
  }

  private void requireEachClass(LabelledFeatures train) {
    int classes = classNames.size();
    requireEnough(train, classes);
    int[] counts = train.labels().counts(classes);
    for (int c = 0; c < classes; c++) {
      if (counts[c] == 0) {
        throw refused(
            "%s has no example of class %s, expected at least one of each of the %s classes",
            train.name(), called(c), classes);
      }
    }
  }

  private String called(int index) {
    String name = classNames.get(index);
    return name.equals(Integer.toString(index)) ? name : index + " (" + name + ")";
  }

  private static UserException refused(String template, Object... args) {
    return new UserException(ExitCode.DATA, template, args);
  }
}
