package simclr.export.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Multimaps;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a conversion did.
 *
 * @param from kind and path of the source
 * @param output what was written
 * @param architecture one line
 * @param step of the weights
 * @param mapped name written, by name read
 * @param ignored tensors of the source that are not in the output
 * @param notes what the user should know
 * @param difference of the outputs, source against converted, on the fixed images
 * @param outputs how many values were compared
 */
public record ConversionReport(
    String from,
    String output,
    String architecture,
    long step,
    ImmutableMap<String, String> mapped,
    ImmutableList<Ignored> ignored,
    ImmutableList<String> notes,
    double difference,
    long outputs) {

  private static final int NAMED = 4;

  /** For reading. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(from);
    lines.add("  " + architecture + ", step " + step);
    lines.add(
        String.format(
            Locale.ROOT,
            "  %d tensors mapped, %d ignored, 0 missing",
            mapped.size(),
            ignored.size()));
    ImmutableListMultimap<String, Ignored> byReason = Multimaps.index(ignored, Ignored::why);
    byReason
        .asMap()
        .forEach(
            (why, group) -> {
              lines.add(String.format(Locale.ROOT, "  ignored, %s: %d", why, group.size()));
              group.stream().limit(NAMED).forEach(one -> lines.add("    " + one.name()));
              if (group.size() > NAMED) {
                lines.add(
                    String.format(
                        Locale.ROOT, "    and %d more (--json names all)", group.size() - NAMED));
              }
            });
    notes.forEach(note -> lines.add("  note: " + note));
    lines.add(
        String.format(
            Locale.ROOT,
            "  read back and run on fixed images: %d values, largest difference %s",
            outputs,
            difference == 0 ? "0" : String.format(Locale.ROOT, "%.1e", difference)));
    lines.add("written: " + output);
    return lines;
  }

  /** For programs. */
  public String json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("from", from);
    fields.put("output", output);
    fields.put("architecture", architecture);
    fields.put("step", step);
    fields.put("mapped", mapped);
    fields.put(
        "ignored",
        ignored.stream().map(i -> ImmutableMap.of("name", i.name(), "why", i.why())).toList());
    fields.put("missing", List.of());
    fields.put("notes", notes);
    fields.put("parity", ImmutableMap.of("values", outputs, "largest_difference", difference));
    try {
      return JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build()
          .writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
