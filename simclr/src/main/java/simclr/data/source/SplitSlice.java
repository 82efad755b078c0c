package simclr.data.source;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A stretch of a split, and the grammar in which users ask for one, as TFDS has it:
 *
 * <pre>
 *   spec  = part { "+" part }
 *   part  = name [ "[" bound ":" bound "]" | "[" number "shard" "]" ] | "all"
 *   bound = [ number [ "%" | "shard" ] ]
 * </pre>
 *
 * Numbers count examples, percents of the split's examples, or shards; negative ones count from the
 * end. A percent may have a fraction and is rounded to the closest example, halves to even.
 *
 * @param from first example, from 0
 * @param to behind the last example
 */
record SplitSlice(String split, long from, long to) {
  private static final Pattern PART =
      Pattern.compile("(?<name>[\\w-]+)(\\[(?<selector>[\\w%:.-]+)\\])?");
  private static final Pattern BOUND = Pattern.compile("((?<value>-?[\\d_.]+)(?<unit>%|shard)?)?");

  /** In what a bound counts. */
  private enum Unit {
    EXAMPLES,
    PERCENT,
    SHARDS
  }

  /**
   * Finds the stretches that a specification names, in its order. None is empty.
   *
   * @param splits examples in each shard of each split of the data set
   * @throws UserException (usage) if the grammar, the split or the bounds do not fit, or nothing is
   *     selected
   */
  static ImmutableList<SplitSlice> parse(
      String spec, ImmutableMap<String, ImmutableList<Long>> splits) {
    ImmutableList.Builder<SplitSlice> slices = ImmutableList.builder();
    for (String part : spec.strip().split("\\s*\\+\\s*", -1)) {
      Matcher matcher = PART.matcher(part);
      if (!matcher.matches()) {
        throw malformed(spec);
      }
      String name = matcher.group("name");
      String selector = matcher.group("selector");
      if (name.equals("all") && selector == null) {
        splits.forEach((each, shards) -> slices.add(new SplitSlice(each, 0, sum(shards))));
      } else {
        slices.add(select(spec, name, selector, splits));
      }
    }
    // Only what was asked for by name has to have examples: "all" may include an empty split.
    ImmutableList<SplitSlice> filled =
        slices.build().stream()
            .filter(slice -> slice.from() < slice.to())
            .collect(ImmutableList.toImmutableList());
    if (filled.isEmpty()) {
      throw empty(spec, splits);
    }
    return filled;
  }

  long examples() {
    return to - from;
  }

  private static SplitSlice select(
      String spec,
      String name,
      @Nullable String selector,
      ImmutableMap<String, ImmutableList<Long>> splits) {
    ImmutableList<Long> shards = splits.get(name);
    if (shards == null) {
      throw new UserException(
          ExitCode.USAGE,
          "split \"%s\" is unknown, expected one of %s",
          name,
          String.join(", ", splits.keySet()));
    }
    if (selector == null) {
      return new SplitSlice(name, 0, sum(shards));
    }
    List<String> bounds = List.of(selector.split(":", -1));
    Matcher from = BOUND.matcher(bounds.get(0));
    Matcher to = BOUND.matcher(bounds.get(bounds.size() - 1));
    if (bounds.size() > 2 || !from.matches() || !to.matches() || selector.equals(":")) {
      throw malformed(spec);
    }
    SplitSlice slice =
        bounds.size() == 1
            ? oneShard(spec, name, from, shards)
            : between(spec, name, from, to, shards);
    if (slice.from() >= slice.to()) {
      throw empty(spec, splits);
    }
    return slice;
  }

  private static SplitSlice oneShard(
      String spec, String name, Matcher bound, ImmutableList<Long> shards) {
    if (unit(bound) != Unit.SHARDS) {
      throw malformed(spec);
    }
    long shard = whole(spec, bound.group("value"));
    return new SplitSlice(name, shardsUpTo(shard, shards), shardEnd(shard + 1, shards));
  }

  private static SplitSlice between(
      String spec, String name, Matcher from, Matcher to, ImmutableList<Long> shards) {
    Unit unit = unit(from) == Unit.EXAMPLES ? unit(to) : unit(from);
    long examples = sum(shards);
    String fromText = from.group("value");
    String toText = to.group("value");
    long first = 0;
    if (fromText != null) {
      first =
          switch (unit) {
            case EXAMPLES -> whole(spec, fromText);
            case PERCENT -> percent(spec, fromText, examples);
            case SHARDS -> shardsUpTo(whole(spec, fromText), shards);
          };
    }
    long last = examples;
    if (toText != null) {
      last =
          switch (unit) {
            case EXAMPLES -> whole(spec, toText);
            case PERCENT -> percent(spec, toText, examples);
            case SHARDS -> shardEnd(whole(spec, toText), shards);
          };
    }
    if (Math.abs(first) > examples || Math.abs(last) > examples) {
      throw new UserException(
          ExitCode.USAGE,
          "split \"%s\" is out of range, expected bounds within the %s examples of %s",
          spec,
          examples,
          name);
    }
    return new SplitSlice(
        name, first < 0 ? examples + first : first, last < 0 ? examples + last : last);
  }

  private static Unit unit(Matcher bound) {
    String unit = bound.group("unit");
    if (unit == null) {
      return Unit.EXAMPLES;
    }
    return unit.equals("%") ? Unit.PERCENT : Unit.SHARDS;
  }

  private static long percent(String spec, String text, long examples) {
    double percent;
    try {
      percent = Double.parseDouble(text.replace("_", ""));
    } catch (NumberFormatException e) {
      throw malformed(spec);
    }
    if (Math.abs(percent) > 100) {
      throw new UserException(
          ExitCode.USAGE, "split \"%s\" has %s%, expected -100% to 100%", spec, text);
    }
    return (long) Math.rint(percent * examples / 100);
  }

  private static long whole(String spec, String text) {
    try {
      return Long.parseLong(text.replace("_", ""));
    } catch (NumberFormatException e) {
      throw malformed(spec);
    }
  }

  /** Examples before shard {@code bound}; bounds count from the end if negative, and clip. */
  private static long shardsUpTo(long bound, ImmutableList<Long> shards) {
    long count = bound < 0 ? shards.size() + bound : bound;
    return sum(shards.subList(0, (int) Math.max(0, Math.min(shards.size(), count))));
  }

  /** As an end, 0 is the end of the split: the one way to write it that negative bounds leave. */
  private static long shardEnd(long bound, ImmutableList<Long> shards) {
    return shardsUpTo(bound <= 0 ? shards.size() + bound : bound, shards);
  }

  private static long sum(List<Long> shards) {
    return shards.stream().mapToLong(Long::longValue).sum();
  }

  private static UserException malformed(String spec) {
    return new UserException(
        ExitCode.USAGE,
        "split \"%s\" cannot be read, expected for example train, train[:90%], train[100:200] or"
            + " train+test",
        spec);
  }

  private static UserException empty(
      String spec, ImmutableMap<String, ImmutableList<Long>> splits) {
    StringBuilder sizes = new StringBuilder();
    splits.forEach(
        (name, shards) ->
            sizes.append(sizes.isEmpty() ? "" : ", ").append(name + " (" + sum(shards) + ")"));
    return new UserException(
        ExitCode.USAGE, "split \"%s\" has no examples, expected a part of %s", spec, sizes);
  }
}
