package simclr.checkpoint;

import com.google.common.collect.ImmutableListMultimap;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * As much of protobuf's text format as a message of strings and numbers needs.
 *
 * <pre>
 * text   = { field [ ";" | "," ] }          with # comments and white space between tokens
 * field  = name ":" ( value | "[" value { "," value } "]" )
 * value  = number | string { string }       strings in " or ', escapes of C, bytes are UTF-8
 * </pre>
 */
final class TextFormat {
  private static final String ESCAPES = "abfnrtv\\'\"?";
  private static final String ESCAPED = "\007\b\f\n\r\t\013\\'\"?";

  private final String text;
  private int at;

  private TextFormat(String text) {
    this.text = text;
  }

  /**
   * The fields in order; a value is a {@link String} or a {@link Double}.
   *
   * @throws IllegalArgumentException if the text is cut or malformed; the message has the line
   */
  static ImmutableListMultimap<String, Object> parse(String text) {
    TextFormat parser = new TextFormat(text);
    ImmutableListMultimap.Builder<String, Object> fields = ImmutableListMultimap.builder();
    while (parser.peek() != 0) {
      parser.field(fields);
    }
    return fields.build();
  }

  /** A string with quotes around it. */
  static String quote(String value) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      int escape = ESCAPED.indexOf(c);
      if (escape >= 0 && c != '\'' && c != '?') {
        quoted.append('\\').append(ESCAPES.charAt(escape));
      } else if (c < ' ' || c == 127) {
        quoted.append(String.format(Locale.ROOT, "\\%03o", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  private void field(ImmutableListMultimap.Builder<String, Object> fields) {
    String name = word();
    expect(':');
    if (peek() == '[') {
      at++;
      while (true) {
        fields.put(name, value());
        if (peek() == ']') {
          at++;
          break;
        }
        expect(',');
      }
    } else {
      fields.put(name, value());
    }
    if (peek() == ';' || peek() == ',') {
      at++;
    }
  }

  private Object value() {
    if (!isQuote(peek())) {
      return number(word());
    }
    StringBuilder joined = new StringBuilder();
    while (isQuote(peek())) {
      joined.append(string());
    }
    return joined.toString();
  }

  private Double number(String word) {
    try {
      return Double.valueOf(word);
    } catch (NumberFormatException e) {
      throw malformed("\"" + word + "\" is no number");
    }
  }

  private String word() {
    peek();
    int start = at;
    while (at < text.length() && isWord(text.charAt(at))) {
      at++;
    }
    if (at == start) {
      throw malformed(at == text.length() ? "the text ends early" : "a name or value is missing");
    }
    return text.substring(start, at);
  }

  private String string() {
    char quote = text.charAt(at++);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (true) {
      int c = next();
      if (c == quote) {
        return bytes.toString(StandardCharsets.UTF_8);
      } else if (c == '\n') {
        throw malformed("a string does not end");
      } else if (c == '\\') {
        escape(bytes);
      } else {
        bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private void escape(ByteArrayOutputStream bytes) {
    int c = next();
    int known = ESCAPES.indexOf(c);
    if (known >= 0) {
      bytes.write(ESCAPED.charAt(known));
    } else if (c == 'x' || c == 'X') {
      bytes.write(digits(16, 2));
    } else if (c >= '0' && c <= '7') {
      at--;
      bytes.write(digits(8, 3));
    } else {
      throw malformed("a string has an unknown escape");
    }
  }

  private int digits(int radix, int most) {
    int start = at;
    while (at < text.length()
        && at - start < most
        && Character.digit(text.charAt(at), radix) >= 0) {
      at++;
    }
    if (at == start) {
      throw malformed("an escape has no digits");
    }
    return Integer.parseInt(text.substring(start, at), radix);
  }

  private int next() {
    if (at == text.length()) {
      throw malformed("a string does not end");
    }
    int c = text.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private void expect(char wanted) {
    if (peek() != wanted) {
      throw malformed("'" + wanted + "' is missing");
    }
    at++;
  }

  /** The next character that counts, or 0 at the end. */
  private char peek() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '#') {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end;
      } else if (Character.isWhitespace(c)) {
        at++;
      } else {
        return c;
      }
    }
    return 0;
  }

  private static boolean isQuote(char c) {
    return c == '"' || c == '\'';
  }

  private static boolean isWord(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "_.+-".indexOf(c) >= 0;
  }

  private IllegalArgumentException malformed(String what) {
    long line = 1 + text.substring(0, at).chars().filter(c -> c == '\n').count();
    return new IllegalArgumentException("line " + line + ": " + what);
  }
}
