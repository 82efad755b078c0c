package simclr.export.serve;

import com.google.common.base.Strings;
import java.util.Arrays;
import simclr.config.Quoted;

/** A request that is answered with an error: the status that TensorFlow Serving gives, and why. */
final class HttpError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  static final int BAD_REQUEST = 400;
  static final int FORBIDDEN = 403;
  static final int NOT_FOUND = 404;
  static final int TOO_LARGE = 413;
  static final int UNSUPPORTED_MEDIA = 415;
  static final int EXHAUSTED = 429;
  static final int INTERNAL = 500;
  static final int UNAVAILABLE = 503;

  private static final int LONGEST_QUOTED = 500;

  private final int status;

  HttpError(int status, String template, Object... args) {
    // Thrown for what others got wrong: which is not news, and a stack costs more than the answer.
    super(Strings.lenientFormat(template, shown(args)), null, false, false);
    this.status = status;
  }

  static HttpError badRequest(String template, Object... args) {
    return new HttpError(BAD_REQUEST, template, args);
  }

  /** What a request holds is quoted, but never whole megabytes of it, nor control characters. */
  private static Object[] shown(Object... args) {
    return Arrays.stream(args)
        .map(arg -> arg instanceof Number ? arg : Quoted.of(String.valueOf(arg), LONGEST_QUOTED))
        .toArray();
  }

  int status() {
    return status;
  }

  String sentence() {
    return String.valueOf(getMessage());
  }
}
