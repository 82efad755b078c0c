package simclr.eval.record;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What made the representations.
 *
 * @param kind of it
 * @param path where it lies
 * @param sha256 of its weights, in hexadecimal
 * @param step of the training that it comes from
 * @param architecture in words
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record EncoderInfo(
    Kind kind,
    @Nullable String path,
    @Nullable String sha256,
    @Nullable Long step,
    @Nullable String architecture) {

  /** Where representations can come from. */
  public enum Kind {
    CHECKPOINT,
    EXPORT,
    RANDOM_INIT,
    RAW_PIXELS,
    FEATURES;

    /** As flags and records have it. */
    @JsonValue
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    @JsonCreator
    static Kind of(String label) {
      return valueOf(label.toUpperCase(Locale.ROOT));
    }

    /** Whether there are no weights, or none that were trained. */
    public boolean isBaseline() {
      return this == RANDOM_INIT || this == RAW_PIXELS;
    }
  }

  /** What is known of an encoder. */
  public static EncoderInfo of(
      Kind kind,
      Optional<String> path,
      Optional<String> sha256,
      OptionalLong step,
      Optional<String> architecture) {
    return new EncoderInfo(
        kind,
        path.orElse(null),
        sha256.orElse(null),
        step.isPresent() ? step.getAsLong() : null,
        architecture.orElse(null));
  }

  /** Features that another program made. */
  public static EncoderInfo ofFeatures(String path) {
    return new EncoderInfo(Kind.FEATURES, path, null, null, null);
  }
}
