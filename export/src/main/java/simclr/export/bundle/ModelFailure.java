package simclr.export.bundle;

import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import org.tensorflow.exceptions.TensorFlowException;

/** What TensorFlow could not do; the message is its own, without the names of nodes. */
public final class ModelFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Who can do something about it. */
  public enum Reason {
    /** Who asked: the values do not fit, such as an image that cannot be decoded. */
    INPUT,
    /** The machine has no memory left. */
    MEMORY,
    OTHER
  }

  private ModelFailure(Reason reason, String message, RuntimeException cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  public String sentence() {
    return String.valueOf(getMessage());
  }

  /** The failure behind an exception; exceptions of others come back as they are. */
  public static RuntimeException of(RuntimeException e) {
    // Its exceptions have no class of their own in common.
    boolean ofTensorFlow = e.getClass().getPackage().equals(TensorFlowException.class.getPackage());
    return ofTensorFlow ? new ModelFailure(reason(e), firstLine(e), e) : e;
  }

  private static Reason reason(RuntimeException e) {
    return e instanceof TFInvalidArgumentException
        ? Reason.INPUT
        : e instanceof TFResourceExhaustedException ? Reason.MEMORY : Reason.OTHER;
  }

  private static String firstLine(RuntimeException e) {
    String message = String.valueOf(e.getMessage()).strip();
    int lineEnd = message.indexOf('\n');
    String line = lineEnd < 0 ? message : message.substring(0, lineEnd);
    int nodes = line.indexOf("[[");
    return (nodes < 0 ? line : line.substring(0, nodes)).strip();
  }
}
