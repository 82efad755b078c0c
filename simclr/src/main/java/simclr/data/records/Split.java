package simclr.data.records;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.ImageSizes;

/**
 * The examples that a run trains on or evaluates.
 *
 * @param name as the flag has it, slices included: {@code train[:90%]}
 * @param examples how many, at least 1
 * @param labelNames in the order of the labels; empty if the split has no labels
 * @param records where they are
 * @param source what they are a part of, for the user: {@code TFDS cifar10:3.0.2}
 * @param facts what else the user should know, each a phrase: {@code smallest side 32 px}
 * @param sizes of the images, where they were counted
 */
public record Split(
    String name,
    long examples,
    ImmutableList<String> labelNames,
    Records records,
    String source,
    ImmutableList<String> facts,
    Optional<ImageSizes> sizes) {

  public Split {
    checkArgument(examples > 0, "split %s must not be empty", name);
    checkArgument(
        examples == records.examples(), "%s examples in %s records", examples, records.examples());
  }

  /** A split whose sizes of images were not counted. */
  public Split(
      String name,
      long examples,
      ImmutableList<String> labelNames,
      Records records,
      String source,
      ImmutableList<String> facts) {
    this(name, examples, labelNames, records, source, facts, Optional.empty());
  }

  /** A split about which there is nothing more to say. */
  public Split(String name, long examples, ImmutableList<String> labelNames, Records records) {
    this(name, examples, labelNames, records, "memory", ImmutableList.of());
  }

  /** Number of classes, 0 without labels. */
  public int numClasses() {
    return labelNames.size();
  }

  /** At most so many of the examples, evenly spaced; the split itself if it has no more. */
  public Split subsample(int most) {
    if (examples <= most) {
      return this;
    }
    return select(
        ImmutableIntArray.copyOf(IntStream.range(0, most).map(i -> (int) (i * examples / most))),
        most + " of " + examples);
  }

  /**
   * The split without all other examples.
   *
   * @param indices rising
   * @param fact what the user should know about the choice
   */
  Split select(ImmutableIntArray indices, String fact) {
    return of(records.select(indices), fact);
  }

  /**
   * The split with the labels of all other examples hidden.
   *
   * @throws UserException (usage) if the split is streamed: its labels lie in the records
   */
  Split hidingOtherLabels(ImmutableIntArray indices, String fact) {
    ImmutableLongArray labels = records.labels();
    long[] shown = new long[labels.length()];
    Arrays.fill(shown, Records.UNLABELLED);
    indices.forEach(i -> shown[i] = labels.get(i));
    Records partly =
        records
            .withLabels(ImmutableLongArray.copyOf(shown))
            .orElseThrow(
                () ->
                    new UserException(
                        ExitCode.USAGE,
                        "--label_fraction hides labels of %s, which is streamed; expected a data"
                            + " set that fits into memory, a folder, or --label_fraction=1",
                        name));
    return of(partly, fact);
  }

  private Split of(Records others, String fact) {
    return new Split(
        name,
        others.examples(),
        labelNames,
        others,
        source,
        ImmutableList.<String>builder().addAll(facts).add(fact).build());
  }

  public boolean labelled() {
    return !labelNames.isEmpty();
  }

  /** One line for the start of a run: source, split, examples, classes, facts. */
  public String summary() {
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "%s, split %s: %d examples, %s",
            source,
            name,
            examples,
            labelled() ? numClasses() + " classes" : "no labels"));
    facts.forEach(fact -> line.append(", ").append(fact));
    return line.toString();
  }
}
