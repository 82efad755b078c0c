package simclr.checkpoint.bundle;

import com.google.common.base.Strings;

/** What is wrong with a file, without its name: whoever opened it adds that. */
final class DamagedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;

  DamagedException(String template, Object... args) {
    this(Strings.lenientFormat(template, args));
  }

  private DamagedException(String reason) {
    super(reason);
    this.reason = reason;
  }

  /** The message. */
  String reason() {
    return reason;
  }

  static void check(boolean holds, String template, Object... args) throws DamagedException {
    if (!holds) {
      throw new DamagedException(template, args);
    }
  }
}
