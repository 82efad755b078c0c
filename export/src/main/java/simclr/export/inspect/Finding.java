package simclr.export.inspect;

import simclr.config.Quoted;

/**
 * Something in a SavedModel that reaches beyond computing.
 *
 * @param operation type of the operation, e.g. {@code WriteFile}, or {@code asset}
 * @param node its name in the graph or function; for an asset its file name
 * @param place e.g. {@code graph [serve]} or {@code function __inference_call_12}
 * @param effect what it reaches for
 * @param reason half a sentence that follows the operation's name
 */
public record Finding(String operation, String node, String place, Effect effect, String reason) {
  /** What an operation reaches for. */
  public enum Effect {
    FILES,
    /** Code outside of the graph: Python, custom calls. */
    CODE,
    NETWORK,
    /** Cannot be told, so nothing good is assumed. */
    UNKNOWN
  }

  /** E.g. {@code WriteFile (leak) in function __inference_f_1 reads or writes files}. */
  @Override
  public String toString() {
    return Quoted.of(operation)
        + " ("
        + Quoted.of(node)
        + ") in "
        + Quoted.of(place)
        + ' '
        + reason;
  }
}
