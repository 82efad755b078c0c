package simclr.eval.published;

import static java.util.stream.Collectors.joining;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;

/**
 * Data sets: of pretraining, and of what follows where that is another.
 *
 * @param stages in their order, the whole set or a part of it
 */
public record TrainingData(ImmutableList<DataSet> stages) implements Term {
  private static final String THEN = ", then ";

  /**
   * A data set.
   *
   * @param name published name
   * @param part how much of it, such as {@code 5,000 training images}; empty for all
   */
  public record DataSet(String name, String part) {
    /** All of it. */
    public static DataSet whole(String name) {
      return new DataSet(name, "");
    }

    private String words() {
      return part.isEmpty() ? name : name + ", " + part;
    }
  }

  /** One data set. */
  public static TrainingData of(DataSet set) {
    return new TrainingData(ImmutableList.of(set));
  }

  /** Pretraining on one and then another. */
  public TrainingData then(TrainingData other) {
    return new TrainingData(
        ImmutableList.<DataSet>builder().addAll(stages).addAll(other.stages).build());
  }

  static TrainingData parse(String words) {
    return new TrainingData(
        Splitter.on(THEN)
            .splitToStream(words)
            .map(
                stage -> {
                  int comma = stage.indexOf(", ");
                  return comma < 0
                      ? DataSet.whole(stage)
                      : new DataSet(stage.substring(0, comma), stage.substring(comma + 2));
                })
            .collect(ImmutableList.toImmutableList()));
  }

  @Override
  public String words() {
    return stages.stream().map(DataSet::words).collect(joining(THEN));
  }

  /** The first word of the first set: whatever its size, and whatever follows. */
  @Override
  public String family() {
    return Splitter.on(' ').splitToList(stages.get(0).name()).get(0);
  }
}
