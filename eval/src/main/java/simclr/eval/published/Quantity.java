package simclr.eval.published;

import java.math.BigDecimal;

/**
 * A number of epochs or of examples in a batch.
 *
 * @param value without trailing zeros
 */
public record Quantity(BigDecimal value) implements Term {
  public Quantity {
    value = value.stripTrailingZeros();
  }

  /** A number. */
  public static Quantity of(double value) {
    return new Quantity(BigDecimal.valueOf(value));
  }

  static Quantity parse(String words) {
    return new Quantity(new BigDecimal(words));
  }

  @Override
  public String words() {
    return value.toPlainString();
  }
}
