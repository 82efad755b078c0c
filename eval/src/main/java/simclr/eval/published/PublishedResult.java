package simclr.eval.published;

import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A figure that somebody published.
 *
 * @param table where it was collected
 * @param origin who
 * @param name of the row, such as {@code v1-r50-1x} or the implementation
 * @param setting of an ablation, else empty
 * @param conditions under which it came about, as far as the source states them
 * @param metric such as {@code top-1}
 * @param value in per cent as published: mostly a number, sometimes {@code about 91}
 * @param note what else the source says
 * @param source where it stands
 * @param verified whether it was read there
 */
public record PublishedResult(
    String table,
    Origin origin,
    String name,
    String setting,
    Conditions conditions,
    String metric,
    String value,
    String note,
    String source,
    Verified verified) {
  public static final String TOP_1 = "top-1";
  static final String TOP_5 = "top-5";

  private static final Pattern ABOUT = Pattern.compile("(about )?(\\d+(?:\\.\\d+)?)");

  /** The value as a number of per cent; empty for a range or words. */
  OptionalDouble number() {
    Matcher matcher = ABOUT.matcher(value);
    return matcher.matches()
        ? OptionalDouble.of(Double.parseDouble(matcher.group(2)))
        : OptionalDouble.empty();
  }

  /** Whether the source gives the number as it was measured, not about. */
  boolean exact() {
    return number().isPresent() && !value.startsWith("about");
  }
}
