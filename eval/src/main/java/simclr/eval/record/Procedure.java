package simclr.eval.record;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How an evaluation was made.
 *
 * @param protocol its name, such as {@code logreg}
 * @param settings of the protocol, defaults included
 * @param meaning what kind of result the figures are, in a sentence; not in records of earlier
 *     versions
 * @param comparedAs the evaluation in the words of the published tables; not in records of earlier
 *     versions
 */
public record Procedure(
    @Nullable String protocol,
    @Nullable Map<String, @Nullable Object> settings,
    @Nullable String meaning,
    @Nullable String comparedAs) {

  /**
   * Describes a procedure.
   *
   * @param settings a record of the protocol
   */
  public static Procedure of(String protocol, Object settings, String meaning, String comparedAs) {
    return new Procedure(protocol, RecordJson.map(settings), meaning, comparedAs);
  }

  /** A setting, if it is there. */
  public Optional<Object> setting(String name) {
    return Optional.ofNullable(settings).map(all -> all.get(name));
  }
}
