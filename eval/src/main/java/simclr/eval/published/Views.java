package simclr.eval.published;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The augmentation of pretraining.
 *
 * @param colorStrength of the colour jitter, to three decimals; empty for views of another kind
 * @param blur whether images are blurred
 * @param other words for views of another kind, else empty
 */
public record Views(Optional<BigDecimal> colorStrength, boolean blur, String other)
    implements Term {
  private static final Pattern WORDS =
      Pattern.compile("crop, flip, colour (\\d+(?:\\.\\d+)?), (no )?blur");

  /** Crop, flip, colour and perhaps blur. */
  public static Views of(double colorStrength, boolean blur) {
    return new Views(Optional.of(rounded(BigDecimal.valueOf(colorStrength))), blur, "");
  }

  static Views parse(String words) {
    Matcher matcher = WORDS.matcher(words);
    return matcher.matches()
        ? new Views(
            Optional.of(rounded(new BigDecimal(matcher.group(1)))), matcher.group(2) == null, "")
        : new Views(Optional.empty(), false, words);
  }

  @Override
  public String words() {
    return colorStrength
        .map(
            strength ->
                "crop, flip, colour " + strength.toPlainString() + (blur ? ", blur" : ", no blur"))
        .orElse(other);
  }

  @Override
  public String family() {
    return words().split("[, ]", 2)[0];
  }

  private static BigDecimal rounded(BigDecimal strength) {
    return strength.setScale(3, RoundingMode.HALF_UP).stripTrailingZeros();
  }
}
