package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * All that a probe is given: one representation of the examples to learn from and of those to be
 * tested on, and where they come from. What does not fit together is refused here, once.
 *
 * @param layer name of the representation, such as {@code final_avg_pool}
 * @param dataset name of the data set, or of the files
 * @param train to learn from
 * @param validation to choose settings on, where it is given apart
 * @param test to be tested on
 * @param classNames by class index
 * @param trust what was verified of the extraction, by key of the result
 */
public record FeatureSets(
    String layer,
    EncoderIdentity encoder,
    String dataset,
    LabelledFeatures train,
    Optional<LabelledFeatures> validation,
    LabelledFeatures test,
    ImmutableList<String> classNames,
    ImmutableMap<String, String> trust) {

  /** Checks labels and widths of the sets against each other. */
  public FeatureSets {
    int classes = classNames.size();
    if (classes < 2) {
      throw refused("%s has a single class, expected two or more to tell apart", train.name());
    }
    requireLabels(train, classNames);
    validation.ifPresent(set -> requireLabels(set, classNames));
    requireLabels(test, classNames);
    if (train.examples() < classes) {
      throw refused(
          "%s has %s examples of %s classes, expected at least one of each",
          train.name(), train.examples(), classes);
    }
    int[] counts = train.labels().counts(classes);
    for (int c = 0; c < classes; c++) {
      if (counts[c] == 0) {
        throw refused(
            "%s has no example of class %s, expected at least one of each of the %s classes",
            train.name(), called(c, classNames.get(c)), classes);
      }
    }
    requireWidth(train, test);
    validation.ifPresent(set -> requireWidth(train, set));
  }

  /** Names for classes that have none. */
  public static ImmutableList<String> numbered(int classes) {
    ImmutableList.Builder<String> names = ImmutableList.builder();
    for (int c = 0; c < classes; c++) {
      names.add(Integer.toString(c));
    }
    return names.build();
  }

  public int classes() {
    return classNames.size();
  }

  /**
   * Training examples divided for choosing a setting.
   *
   * @param fit to learn from while choosing
   * @param validation to choose on
   * @param carved whether it was taken from the training examples
   */
  public record Partition(LabelledFeatures fit, LabelledFeatures validation, boolean carved) {
    /** All that may be learnt from once the choice is made. */
    public LabelledFeatures all(LabelledFeatures train) {
      return carved ? train : train.followedBy(validation);
    }
  }

  /**
   * The validation set that was given, else a part of each class of the training set, drawn at
   * random. A class keeps at least one example to learn from.
   *
   * @param share of the training examples, in (0, 1)
   */
  public Partition partition(double share, long seed) {
    if (validation.isPresent()) {
      return new Partition(train, validation.get(), false);
    }
    List<List<Integer>> byClass = byClass(train, classes());
    List<Integer> kept = new ArrayList<>();
    List<Integer> held = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(seed);
    for (List<Integer> rows : byClass) {
      shuffle(rows, random);
      int count = (int) Math.min(rows.size() - 1L, Math.round(share * rows.size()));
      held.addAll(rows.subList(0, count));
      kept.addAll(rows.subList(count, rows.size()));
    }
    if (held.isEmpty()) {
      throw refused(
          "%s has %s examples of %s classes, too few to carve a validation split from; expected more,"
              + " a validation split, or a fixed setting such as --l2",
          train.name(), train.examples(), classes());
    }
    return new Partition(select(kept), select(held), true);
  }

  /** Rows of each class, in order. */
  public static List<List<Integer>> byClass(LabelledFeatures examples, int classes) {
    List<List<Integer>> byClass = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      byClass.add(new ArrayList<>());
    }
    for (int i = 0; i < examples.examples(); i++) {
      byClass.get(examples.labels().get(i)).add(i);
    }
    return byClass;
  }

  /** Fisher and Yates, as a function of the random numbers alone. */
  public static void shuffle(List<Integer> rows, SplittableRandom random) {
    for (int i = rows.size() - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      Integer row = rows.get(i);
      rows.set(i, rows.get(other));
      rows.set(other, row);
    }
  }

  private LabelledFeatures select(List<Integer> rows) {
    return train.select(rows.stream().mapToInt(Integer::intValue).sorted().toArray());
  }

  private static void requireLabels(LabelledFeatures set, ImmutableList<String> classNames) {
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

  private static void requireWidth(LabelledFeatures train, LabelledFeatures other) {
    if (train.matrix().columns() != other.matrix().columns()) {
      throw refused(
          "%s has %s features a row and %s has %s, expected the same",
          train.name(), train.matrix().columns(), other.name(), other.matrix().columns());
    }
  }

  private static String called(int index, String name) {
    return name.equals(Integer.toString(index)) ? name : index + " (" + name + ")";
  }

  private static UserException refused(String template, Object... args) {
    return new UserException(ExitCode.DATA, template, args);
  }
}
