package simclr.config;

/** Text from an input, as a message may show it: on one line, short, without control characters. */
public final class Quoted {
  private static final int LONGEST = 160;
  private static final int LONGEST_OF_LINES = 4000;

  private Quoted() {}

  /**
   * The text itself where it is short and printable. What a terminal would not show as a character
   * is written as in Java source, and of a long text the beginning stands for the rest.
   */
  public static String of(String text) {
    return shown(text, LONGEST, false);
  }

  /** The same of at most so many characters. */
  public static String of(String text, int longest) {
    return shown(text, longest, false);
  }

  /** The same for text of several lines, such as a table, and a longer one. */
  static String lines(String text) {
    return shown(text, LONGEST_OF_LINES, true);
  }

  private static String shown(String text, int longest, boolean lines) {
    StringBuilder shown = new StringBuilder();
    int at = 0;
    while (at < text.length() && shown.length() < longest) {
      int c = text.codePointAt(at);
      if (lines && c == '\n') {
        shown.append('\n');
      } else {
        append(shown, c);
      }
      at += Character.charCount(c);
    }
    return at == text.length()
        ? shown.toString()
        : shown + "... (" + text.length() + " characters)";
  }

  private static void append(StringBuilder shown, int c) {
    switch (c) {
      case '\n' -> shown.append("\\n");
      case '\r' -> shown.append("\\r");
      case '\t' -> shown.append("\\t");
      default -> {
        if (isShown(c)) {
          shown.appendCodePoint(c);
        } else {
          for (char unit : Character.toChars(c)) {
            String digits = Integer.toHexString(unit);
            shown.append("\\u").append("0".repeat(4 - digits.length())).append(digits);
          }
        }
      }
    }
  }

  /** Marks of the direction of writing are left out too: they reorder the words around them. */
  private static boolean isShown(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
