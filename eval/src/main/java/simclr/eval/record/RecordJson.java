package simclr.eval.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.DurableFiles;
import simclr.io.WholeFile;

/**
 * Records as JSON. An {@link EvaluationRecord} is one flat object: the members of its parts beside
 * each other, then those of the protocol.
 *
 * <p>Whatever a version wrote is read: what is missing is empty, what is not known is kept among
 * the details.
 */
public final class RecordJson {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  private static final TypeReference<Map<String, @Nullable Object>> MAP = new TypeReference<>() {};

  /** Members that are typed; all others are details. */
  private static final ImmutableSet<String> KNOWN =
      Stream.of(Procedure.class, Representation.class, Splits.class, Provenance.class)
          .flatMap(RecordJson::members)
          .collect(ImmutableSet.toImmutableSet());

  /** Tables are shown elsewhere, not as pairs. */
  private static final ImmutableSet<String> TABLES = ImmutableSet.of("per_class", "confusion");

  private static final int MOST_LEAVES = 12;

  private RecordJson() {}

  /** A record, or a map, as names and values. */
  public static Map<String, @Nullable Object> map(Object record) {
    return MAPPER.convertValue(record, MAP);
  }

  /** A record as an object. */
  public static ObjectNode tree(Object record) {
    return MAPPER.valueToTree(record);
  }

  /** A record from a text that {@link #tree} gave. */
  public static <T> T parse(String text, Class<T> type) {
    try {
      return MAPPER.readValue(text, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The whole of an evaluation as an object. */
  public static ObjectNode of(EvaluationRecord record) {
    ObjectNode json = tree(record.procedure());
    json.setAll(tree(record.representation()));
    json.setAll(tree(record.splits()));
    MeasuresJson.add(json, record.measures());
    json.setAll(tree(record.details()));
    MeasuresJson.addTables(json, record.measures());
    json.setAll(tree(record.provenance()));
    return json;
  }

  /**
   * A record of any kind from a file.
   *
   * @throws UserException NO_INPUT if it cannot be read; DATA naming the file, and the place where
   *     it is broken
   */
  public static <T> T read(Path file, Class<T> type) {
    return typed(file, object(file), type);
  }

  static EvaluationRecord read(Path file) {
    ObjectNode json = object(file);
    Splits splits = typed(file, json, Splits.class);
    Map<String, @Nullable Object> details = map(json);
    details.keySet().removeAll(KNOWN);
    details.keySet().removeAll(MeasuresJson.MEMBERS);
    return new EvaluationRecord(
        typed(file, json, Procedure.class),
        typed(file, json, Representation.class),
        splits,
        MeasuresJson.read(file, json, splits),
        details,
        typed(file, json, Provenance.class));
  }

  /**
   * Replaces a file.
   *
   * @throws UserException CANNOT_WRITE
   */
  public static void write(Path file, Object json) {
    DurableFiles.write(file, text(json).getBytes(StandardCharsets.UTF_8));
  }

  /** For people to read, and programs: with line breaks. */
  static String text(Object json) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static ImmutableMap<String, String> pairs(EvaluationRecord record) {
    ImmutableMap.Builder<String, String> pairs = ImmutableMap.builder();
    of(record)
        .properties()
        .forEach(
            member -> {
              if (!TABLES.contains(member.getKey())) {
                add(pairs, member.getKey(), member.getValue());
              }
            });
    return pairs.buildOrThrow();
  }

  private static void add(ImmutableMap.Builder<String, String> pairs, String name, JsonNode value) {
    if (value.isObject()) {
      value.properties().forEach(m -> add(pairs, name + "." + m.getKey(), m.getValue()));
    } else if (value.isArray() && value.size() > MOST_LEAVES) {
      pairs.put(name, value.size() + " rows, in result.json");
    } else {
      pairs.put(name, value.isTextual() ? value.asText() : value.toString());
    }
  }

  private static Stream<String> members(Class<?> type) {
    return MAPPER
        .getSerializationConfig()
        .introspect(MAPPER.constructType(type))
        .findProperties()
        .stream()
        .map(property -> property.getName());
  }

  private static <T> T typed(Path file, ObjectNode json, Class<T> type) {
    try {
      return MAPPER.treeToValue(json, type);
    } catch (JsonMappingException e) {
      throw wrong(file, place(e.getPath()), e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static UserException wrong(Path file, String member, JsonProcessingException e) {
    return new UserException(
        ExitCode.DATA,
        "%s: %s does not have the expected type (%s)",
        file,
        member,
        e.getOriginalMessage().lines().findFirst().orElse(""));
  }

  private static String place(List<JsonMappingException.Reference> path) {
    return path.stream()
        .map(part -> part.getFieldName() == null ? "" + part.getIndex() : part.getFieldName())
        .collect(Collectors.joining("."));
  }

  private static ObjectNode object(Path file) {
    try {
      JsonNode node = MAPPER.readTree(WholeFile.bytes(file));
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new UserException(ExitCode.DATA, "%s holds no JSON object, expected one", file);
    } catch (JsonProcessingException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s line %s column %s is not valid JSON (%s), expected an object",
          file,
          e.getLocation() == null ? "?" : e.getLocation().getLineNr(),
          e.getLocation() == null ? "?" : e.getLocation().getColumnNr(),
          e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", file, e);
    }
  }
}
