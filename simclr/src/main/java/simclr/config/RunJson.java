package simclr.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON files of a run that scripts around the reference read with Python's {@code json.load}:
 * in ASCII, which every locale reads, and with a bare {@code NaN}, which Python takes for a number.
 */
public final class RunJson {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();

  private RunJson() {}

  /** One object on one line, in the order of the map. */
  public static byte[] bytes(Map<String, ? extends @Nullable Object> members) {
    try {
      return JSON.writeValueAsBytes(members);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // Numbers, strings and Booleans can be written.
    }
  }
}
