package simclr.data.records;

import java.util.Locale;
import simclr.config.UserException;

/**
 * An example that cannot be used.
 *
 * @param name a file, or a file and a record of it
 * @param reason a predicate: {@code is truncated after 17 bytes}
 */
public record BrokenExample(String name, String reason) {

  /** Takes a message apart that begins with {@code name}. */
  public static BrokenExample of(String name, UserException error) {
    String message = String.valueOf(error.getMessage());
    return new BrokenExample(
        name, message.startsWith(name) ? message.substring(name.length()).strip() : message);
  }

  /** One line, whatever the name of the file holds. */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder();
    (name + " " + reason)
        .chars()
        .forEach(
            c ->
                line.append(
                    Character.isISOControl(c)
                        ? String.format(Locale.ROOT, "\\u%04x", c)
                        : String.valueOf((char) c)));
    return line.toString();
  }
}
