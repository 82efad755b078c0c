package simclr.eval.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A linear axis: values from {@code low} to {@code high} over pixels from {@code first} to {@code
 * last}.
 */
record Scale(double low, double high, double first, double last) {

  double pixel(double value) {
    return first + (value - low) / (high - low) * (last - first);
  }

  /** Round numbers inside the range, about as many as asked for: 1, 2 or 5 times a power of ten. */
  List<Double> ticks(int about) {
    double raw = (high - low) / about;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double step = power * (raw / power >= 5 ? 5 : raw / power >= 2 ? 2 : 1);
    List<Double> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** A coordinate with as many digits as a screen can show. */
  static String px(double pixel) {
    return String.format(Locale.ROOT, "%.1f", pixel);
  }

  /** A number without needless zeros. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size > 1e-12 && (size < 1e-2 || size >= 1e7)) {
      return String.format(Locale.ROOT, "%.1e", value)
          .replace(".0e", "e")
          .replaceAll("e([+-])0", "e$1")
          .replace("e+", "e");
    }
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.replaceAll("0+$", "").replaceAll("\\.$", "");
  }
}
