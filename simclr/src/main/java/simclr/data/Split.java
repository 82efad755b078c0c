package simclr.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The examples that a run trains on or evaluates.
 *
 * @param name as the flag has it, slices included: {@code train[:90%]}
 * @param examples how many, at least 1
 * @param labelNames in the order of the labels; empty if the split has no labels
 * @param records where they are
 * @param source what they are a part of, for the user: {@code TFDS cifar10:3.0.2}
 * @param facts what else the user should know, each a phrase: {@code smallest side 32 px}
 */
public record Split(
    String name,
    long examples,
    ImmutableList<String> labelNames,
    Records records,
    String source,
    ImmutableList<String> facts) {

  public Split {
    checkArgument(examples > 0, "split %s must not be empty", name);
    checkArgument(
        examples == records.examples(), "%s examples in %s records", examples, records.examples());
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
  public Split evenly(int most) {
    if (examples <= most) {
      return this;
    }
    return Selection.of(
        this,
        ImmutableIntArray.copyOf(IntStream.range(0, most).map(i -> (int) (i * examples / most))),
        most + " of " + examples);
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
