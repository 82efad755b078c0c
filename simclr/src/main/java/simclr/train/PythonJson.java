package simclr.train;

import static java.util.stream.Collectors.joining;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON to the character as Python's {@code json.dumps} writes it. */
final class PythonJson {
  /** Python prints exponents from here up, and below {@link #MIN_PLAIN_EXPONENT}. */
  private static final int MAX_PLAIN_EXPONENT = 16;

  private static final int MIN_PLAIN_EXPONENT = -4;

  private PythonJson() {}

  /** One object on one line, in the order of the map; values as {@link #value} takes them. */
  static String object(Map<String, ? extends @Nullable Object> members) {
    return members.entrySet().stream()
        .map(member -> string(member.getKey()) + ": " + value(member.getValue()))
        .collect(joining(", ", "{", "}"));
  }

  /**
   * @param value null, Boolean, Integer, Long, Double, or anything else for its text
   */
  static String value(@Nullable Object value) {
    if (value instanceof Double number) {
      return number(number);
    }
    boolean plain = value == null || value instanceof Boolean || value instanceof Number;
    return plain ? String.valueOf(value) : string(String.valueOf(value));
  }

  /** The shortest decimal that reads back as {@code x}, in Python's notation. */
  static String number(double x) {
    if (Double.isNaN(x)) {
      return "NaN";
    }
    String sign = Double.doubleToRawLongBits(x) < 0 ? "-" : "";
    if (Double.isInfinite(x)) {
      return sign + "Infinity";
    }
    return x == 0 ? sign + "0.0" : sign + positive(shortest(Math.abs(x)).stripTrailingZeros());
  }

  /** Not Double.toString: before Java 19 it prints digits too many, as in 2.0E-3. */
  private static BigDecimal shortest(double x) {
    BigDecimal exact = new BigDecimal(x);
    for (int digits = 1; digits < 17; digits++) {
      // Below a power of two the doubles lie closer, so the nearest decimal may miss where the
      // next one above hits.
      for (RoundingMode mode : new RoundingMode[] {RoundingMode.HALF_EVEN, RoundingMode.CEILING}) {
        BigDecimal rounded = exact.round(new MathContext(digits, mode));
        if (rounded.doubleValue() == x) {
          return rounded;
        }
      }
    }
    return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
  }

  private static String positive(BigDecimal x) {
    String digits = x.unscaledValue().toString();
    int exponent = digits.length() - 1 - x.scale();
    if (exponent < MIN_PLAIN_EXPONENT || exponent >= MAX_PLAIN_EXPONENT) {
      String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
      String sign = exponent < 0 ? "-" : "+";
      return String.format(Locale.ROOT, "%s%se%s%02d", digits.charAt(0), fraction, sign, Math.abs(exponent));
    }
    String plain = x.toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }

  private static String string(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars().forEach(c -> out.append(escaped((char) c)));
    return out.append('"').toString();
  }

  private static String escaped(char c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      default -> c < 0x20 || c > 0x7e ? String.format(Locale.ROOT, "\\u%04x", (int) c) : String.valueOf(c);
    };
  }
}
