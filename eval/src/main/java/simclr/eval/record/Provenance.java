package simclr.eval.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tensorflow.TensorFlow;

/**
 * Where a record comes from.
 *
 * @param trust what was verified
 * @param seed of all that is random
 * @param flags that led to it, by name
 * @param versions of what computed it
 * @param seconds that it took
 */
public record Provenance(
    @Nullable Map<String, String> trust,
    @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable Long seed,
    @Nullable Map<String, @Nullable Object> flags,
    @Nullable Versions versions,
    @Nullable Double seconds) {

  /** Versions of this program, TensorFlow and Java. */
  public record Versions(
      @Nullable String simclr, @Nullable String tensorflow, @Nullable String java) {
    /** Those of this process. */
    public static Versions current() {
      String version = Provenance.class.getPackage().getImplementationVersion();
      return new Versions(
          Optional.ofNullable(version).orElse("unknown"),
          TensorFlow.version(),
          Runtime.version().toString());
    }
  }

  /** What this process computed. */
  public static Provenance of(
      Map<String, String> trust, @Nullable Long seed, Map<String, ?> flags, double seconds) {
    return new Provenance(
        trust,
        seed,
        RecordJson.map(flags),
        Versions.current(),
        Math.round(seconds * 1000) / 1000.0);
  }

  /** Whether it came from the same flags. */
  public boolean sameFlags(Map<String, ?> others) {
    // As text: what was read holds an int where the flag is a long.
    return flags != null
        && RecordJson.tree(flags).toString().equals(RecordJson.tree(others).toString());
  }
}
