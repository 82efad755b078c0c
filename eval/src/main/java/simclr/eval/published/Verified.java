package simclr.eval.published;

/** Whether a row was read in its source or recalled. */
public enum Verified {
  /** Read in a stored copy of the source. */
  YES,
  /** Read, but for a part. */
  PARTLY,
  /** Recalled: shown marked, in no verdict. */
  MEMORY;

  static Verified of(String text) {
    if (text.equals("yes")) {
      return YES;
    } else if (text.startsWith("partly (") && text.endsWith(")")) {
      return PARTLY;
    } else if (text.equals("memory")) {
      return MEMORY;
    }
    throw new IllegalArgumentException(
        "verified is \"%s\", expected yes, partly (...) or memory".formatted(text));
  }
}
