package simclr.parity;

import com.google.common.base.Strings;
import java.util.List;
import java.util.Objects;

/** Compares the numbers of one quantity as they are found; {@link #verdict} sums up. */
final class Comparison {
  private final String group;
  private final String name;
  private long numbers;
  private double error;
  private double tolerance;
  private boolean holds = true;
  private String worst = "";

  Comparison(String group, String name) {
    this.group = group;
    this.name = name;
  }

  /** A number that must lie within {@code tolerance} of {@code want}; NaN equals NaN. */
  Comparison close(String part, double got, double want, double tolerance) {
    boolean equal = got == want || (Double.isNaN(got) && Double.isNaN(want));
    double difference = equal ? 0 : Math.abs(got - want);
    note(
        Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference,
        tolerance,
        part,
        got,
        want);
    return this;
  }

  /** Something that must be equal: a text, a shape, an integer. */
  Comparison equal(String part, Object got, Object want) {
    boolean equal = Objects.equals(got, want);
    double difference =
        equal
            ? 0
            : got instanceof Long a && want instanceof Long b
                ? Math.abs((double) a - (double) b)
                : Double.POSITIVE_INFINITY;
    note(difference, 0, part, got, want);
    return this;
  }

  /** Lists of equal length whose elements must be equal one by one. */
  Comparison equalLists(String part, List<?> got, List<?> want) {
    for (int i = 0; i < Math.max(got.size(), want.size()); i++) {
      Object mine = i < got.size() ? got.get(i) : "nothing";
      Object theirs = i < want.size() ? want.get(i) : "nothing";
      equal(part + " " + i, mine, theirs);
    }
    return this;
  }

  /**
   * A value against samples at given positions.
   *
   * @param want one for each position
   */
  Comparison samples(Values got, long[] positions, List<Double> want, double tolerance) {
    equal("samples", (long) positions.length, (long) want.size());
    for (int i = 0; i < Math.min(positions.length, want.size()); i++) {
      close("at " + positions[i], got.at(positions[i]), want.get(i), tolerance);
    }
    return this;
  }

  Quantity verdict() {
    return new Quantity(group, name, numbers, error, tolerance, holds, worst);
  }

  private void note(double difference, double allowed, String part, Object got, Object want) {
    numbers++;
    boolean fits = difference <= allowed;
    double strain = Quantity.strain(difference, allowed);
    if (worst.isEmpty() || strain > Quantity.strain(error, tolerance)) {
      error = difference;
      tolerance = allowed;
      worst = Strings.lenientFormat("%s is %s, expected %s", part, got, want);
    }
    holds &= fits;
  }
}
