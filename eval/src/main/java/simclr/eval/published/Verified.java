package simclr.eval.published;

import com.google.common.base.Ascii;
import java.util.Locale;

/** Whether a row was read in its source or recalled. */
public enum Verified {
  /** Read in a stored copy of the source. */
  YES,
  /** Recalled: shown marked, in no verdict. */
  MEMORY;

  static Verified of(String text) {
    for (Verified each : values()) {
      if (Ascii.toLowerCase(each.name()).equals(text)) {
        return each;
      }
    }
    throw new IllegalArgumentException(
        String.format(Locale.ROOT, "verified is \"%s\", expected yes or memory", text));
  }
}
