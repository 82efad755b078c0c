package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableIntArray;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.record.EncoderInfo;

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
    EncoderInfo encoder,
    String dataset,
    LabelledFeatures train,
    Optional<LabelledFeatures> validation,
    LabelledFeatures test,
    ImmutableList<String> classNames,
    ImmutableMap<String, String> trust) {

  /** Checks labels and widths of the sets against each other. */
  public FeatureSets {
    if (classNames.size() < 2 && train.labels().several().isEmpty()) {
      throw refused("%s has a single class, expected two or more to tell apart", train.name());
    }
    LabelChecks.require(train, validation, test, classNames);
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

  /** Whether examples may belong to several classes or none. */
  public boolean isMultiLabel() {
    return train.labels().several().isPresent();
  }

  /**
   * The same sets with one class for each example, where that is what their matrices say.
   *
   * @param metric that needs it, for the message
   * @throws UserException DATA if an example has none or several
   */
  public FeatureSets singleLabelled(String metric) {
    return new FeatureSets(
        layer,
        encoder,
        dataset,
        train.singleLabelled(metric),
        validation.map(set -> set.singleLabelled(metric)),
        test.singleLabelled(metric),
        classNames,
        trust);
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
   * random. A class keeps at least one example to learn from ({@link MultiLabelHoldout} where an
   * example may have several).
   *
   * @param share of the training examples, in (0, 1)
   */
  public Partition partition(double share, long seed) {
    if (validation.isPresent()) {
      return new Partition(train, validation.get(), false);
    }
    SplittableRandom random = new SplittableRandom(seed);
    if (isMultiLabel()) {
      return carved(MultiLabelHoldout.held(train.labels().several().orElseThrow(), share, random));
    }
    List<List<Integer>> byClass = byClass(train, classes());
    List<Integer> held = new ArrayList<>();
    for (List<Integer> rows : byClass) {
      shuffle(rows, random);
      int count = (int) Math.min(rows.size() - 1L, Math.round(share * rows.size()));
      held.addAll(rows.subList(0, count));
    }
    return carved(ImmutableIntArray.copyOf(held.stream().mapToInt(Integer::intValue).sorted()));
  }

  private Partition carved(ImmutableIntArray held) {
    if (held.isEmpty()) {
      throw refused(
          "%s has %s examples of %s classes, too few to carve a validation split from; expected"
              + " more, a validation split, or a fixed setting such as --l2",
          train.name(), train.examples(), classes());
    }
    BitSet taken = new BitSet();
    held.forEach(taken::set);
    int[] kept = IntStream.range(0, train.examples()).filter(row -> !taken.get(row)).toArray();
    return new Partition(train.select(kept), train.select(held.toArray()), true);
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

  private static void requireWidth(LabelledFeatures train, LabelledFeatures other) {
    if (train.matrix().columns() != other.matrix().columns()) {
      throw refused(
          "%s has %s features a row and %s has %s, expected the same",
          train.name(), train.matrix().columns(), other.name(), other.matrix().columns());
    }
  }

  private static UserException refused(String template, Object... args) {
    return new UserException(ExitCode.DATA, template, args);
  }
}
