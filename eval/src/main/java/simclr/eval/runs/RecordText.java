package simclr.eval.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;

/** A {@code result.json} as names and values, without the tables that are shown elsewhere. */
final class RecordText {
  private static final ImmutableSet<String> SHOWN = ImmutableSet.of("per_class", "confusion");
  private static final int MOST_LEAVES = 12;

  private RecordText() {}

  /** Members with their values; inner members under {@code outer.inner}. */
  static ImmutableMap<String, String> of(JsonNode result) {
    ImmutableMap.Builder<String, String> text = ImmutableMap.builder();
    result
        .properties()
        .forEach(
            member -> {
              if (!SHOWN.contains(member.getKey())) {
                add(text, member.getKey(), member.getValue());
              }
            });
    return text.buildOrThrow();
  }

  private static void add(ImmutableMap.Builder<String, String> text, String name, JsonNode value) {
    if (value.isObject()) {
      value.properties().forEach(m -> add(text, name + "." + m.getKey(), m.getValue()));
    } else if (value.isArray() && value.size() > MOST_LEAVES) {
      text.put(name, value.size() + " rows, in result.json");
    } else {
      text.put(name, value.isTextual() ? value.asText() : value.toString());
    }
  }
}
