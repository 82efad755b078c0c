package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tensorflow.ndarray.Shape;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * One object of a golden file, read field by field.
 *
 * <p>It remembers what was read: {@link #done} refuses a field that nobody asked for, so that
 * nothing of a file is passed over in silence. All errors are those of the file ({@link
 * ExitCode#DATA}) and say where in it.
 */
final class Fields {
  private final Path file;
  private final String place;
  private final ObjectNode node;
  private final Set<String> unread = new LinkedHashSet<>();

  private Fields(Path file, String place, JsonNode node) {
    this.file = file;
    this.place = place;
    if (!(node instanceof ObjectNode object)) {
      throw new UserException(
          ExitCode.DATA, "%s is %s, expected an object with fields", where(), shorten(node));
    }
    this.node = object;
    node.fieldNames().forEachRemaining(unread::add);
  }

  /** The whole of a file. */
  static Fields of(Path file, JsonNode content) {
    return new Fields(file, "", content);
  }

  /** A file that this one names; it lies beside it. */
  Path sibling(String name) {
    return file.resolveSibling(name);
  }

  private String where() {
    return place.isEmpty() ? file.toString() : file + ": " + place;
  }

  private Fields child(String name, JsonNode child) {
    return new Fields(file, place.isEmpty() ? name : place + " " + name, child);
  }

  private String at(String name) {
    return where() + (place.isEmpty() ? ": " : " ") + name;
  }

  boolean has(String name) {
    return node.has(name);
  }

  /** Whether a field holds this text; it does not count as read. */
  boolean hasText(String name, String text) {
    return node.path(name).asText().equals(text);
  }

  Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  JsonNode any(String name) {
    JsonNode found = node.get(name);
    if (found == null) {
      throw new UserException(
          ExitCode.DATA, "%s has no field \"%s\", expected one; it has %s", where(), name, names());
    }
    unread.remove(name);
    return found;
  }

  Fields object(String name) {
    return child(name, any(name));
  }

  List<Fields> objects(String name) {
    JsonNode items = any(name);
    ImmutableList.Builder<Fields> objects = ImmutableList.builder();
    for (int i = 0; i < listOf(at(name), items, (where, item) -> item).size(); i++) {
      objects.add(child(name + "[" + i + "]", items.get(i)));
    }
    return objects.build();
  }

  String text(String name) {
    return textOf(at(name), any(name));
  }

  List<String> texts(String name) {
    return list(name, Fields::textOf);
  }

  double number(String name) {
    return numberOf(at(name), any(name));
  }

  List<Double> numbers(String name) {
    return list(name, Fields::numberOf);
  }

  float number32(String name) {
    return (float) number(name);
  }

  long integer(String name) {
    return integerOf(at(name), any(name));
  }

  int count(String name) {
    return Math.toIntExact(integer(name));
  }

  List<Long> integers(String name) {
    return list(name, Fields::integerOf);
  }

  /** Indices into a list of {@code size}. */
  List<Integer> indices(String name, int size) {
    for (long index : integers(name)) {
      if (index < 0 || index >= size) {
        throw error("%s holds %s, expected indices below %s", name, index, size);
      }
    }
    return integers(name).stream().map(Math::toIntExact).toList();
  }

  int[] ints(String name) {
    return integers(name).stream().mapToInt(Math::toIntExact).toArray();
  }

  boolean flag(String name) {
    return flagOf(at(name), any(name));
  }

  List<Boolean> flags(String name) {
    return list(name, Fields::flagOf);
  }

  Shape shape(String name) {
    return shapeOf(at(name), any(name));
  }

  /** The elements of a list, each as {@code read} has it. */
  <T> List<T> list(String name, Reader<T> read) {
    return listOf(at(name), any(name), read);
  }

  /** A list that may be null. */
  Optional<List<String>> textsOrNull(String name) {
    return any(name).isNull() ? Optional.empty() : Optional.of(texts(name));
  }

  /** A rule written in words; only the known one is understood. */
  void rule(String name, String known) {
    String text = text(name);
    if (!text.equals(known)) {
      throw error("%s is \"%s\", expected \"%s\"", name, text, known);
    }
  }

  /** A fill given by name, scale and offset. */
  Fill fill(String name) {
    Fields fields = object(name);
    Fill fill = new Fill(fields.text("name"), fields.number32("scale"), fields.number32("offset"));
    fields.done();
    return fill;
  }

  /** What to call this case in a report: its title, where it has one, or its place in the file. */
  String title() {
    return has("title") ? text("title") : place;
  }

  /** The fields of the first of {@code cases}; none if there are no cases. */
  Set<String> fieldsOfFirstCase() {
    Set<String> names = new LinkedHashSet<>();
    node.path("cases").path(0).fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Reads every element of {@code cases} to the end. */
  void eachCase(Consumer<Fields> check) {
    for (Fields golden : objects("cases")) {
      golden.title();
      check.accept(golden);
      golden.done();
    }
  }

  /**
   * Compares this case's {@code outputs} with what was found under the same names.
   *
   * @param found may hold more than the file asks for
   */
  void checkOutputs(Checks checks, Map<String, Values> found) {
    checkOutputs(checks, "", found);
  }

  /** The same with {@code prefix} in front of the names of the groups. */
  void checkOutputs(Checks checks, String prefix, Map<String, Values> found) {
    Fields outputs = object("outputs");
    for (String name : outputs.names()) {
      Values values = found.get(name);
      if (values == null) {
        throw outputs.error("\"%s\" is not understood, expected one of %s", name, found.keySet());
      }
      String group = name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
      String rest = name.substring(Math.min(group.length(), name.length()));
      Encoded.check(checks.of(prefix + group, title() + rest), outputs, name, values);
    }
    outputs.done();
  }

  /** What {@code read} makes of this object's field, if there is one. */
  <T> Optional<T> ifAny(String name, Function<String, T> read) {
    return has(name) ? Optional.of(read.apply(name)) : Optional.empty();
  }

  /** The flags that stand under their names in the object {@code name}. */
  RunConfig runConfig(String name, Map<String, String> more) {
    Fields flags = object(name);
    Map<String, String> given = new LinkedHashMap<>();
    flags.names().forEach(flag -> given.put(flag, flags.any(flag).asText()));
    given.putAll(more);
    return flags.runConfig(given);
  }

  /** Flags found here; the product decides which there are and what is in range. */
  RunConfig runConfig(Map<String, String> flags) {
    try {
      return RunConfig.of(flags);
    } catch (UserException e) {
      throw error("%s", Objects.requireNonNullElse(e.getMessage(), "the flags do not fit"));
    }
  }

  /** Refuses what nobody asked for. */
  void done() {
    if (!unread.isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s has the field \"%s\", which this program does not understand, expected one of %s",
          where(),
          unread.iterator().next(),
          names().stream().filter(name -> !unread.contains(name)).toList());
    }
  }

  /** An error in this object. */
  UserException error(String template, Object... args) {
    return new UserException(
        ExitCode.DATA, "%s: %s", where(), Strings.lenientFormat(template, args));
  }

  /** Reads an element; {@code where} names it. */
  interface Reader<T> {
    T read(String where, JsonNode element);
  }

  static <T> List<T> listOf(String where, JsonNode node, Reader<T> read) {
    if (!node.isArray()) {
      throw new UserException(ExitCode.DATA, "%s is %s, expected a list", where, shorten(node));
    }
    ImmutableList.Builder<T> elements = ImmutableList.builder();
    for (int i = 0; i < node.size(); i++) {
      elements.add(read.read(where + "[" + i + "]", node.get(i)));
    }
    return elements.build();
  }

  /** An element of a list that must have {@code size} of them. */
  static JsonNode cell(String where, JsonNode row, int size, int column) {
    if (!row.isArray() || row.size() != size) {
      throw new UserException(
          ExitCode.DATA, "%s is %s, expected a list of %s", where, shorten(row), size);
    }
    return row.get(column);
  }

  static String textOf(String where, JsonNode node) {
    if (!node.isTextual()) {
      throw new UserException(ExitCode.DATA, "%s is %s, expected text", where, shorten(node));
    }
    return node.textValue();
  }

  static long integerOf(String where, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw new UserException(ExitCode.DATA, "%s is %s, expected an integer", where, shorten(node));
    }
    return node.longValue();
  }

  static boolean flagOf(String where, JsonNode node) {
    if (!node.isBoolean()) {
      throw new UserException(
          ExitCode.DATA, "%s is %s, expected true or false", where, shorten(node));
    }
    return node.booleanValue();
  }

  /** NaN and the infinities are written as text. */
  static double numberOf(String where, JsonNode node) {
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return switch (node.asText()) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default ->
          throw new UserException(
              ExitCode.DATA,
              "%s is %s, expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"",
              where,
              shorten(node));
    };
  }

  static Shape shapeOf(String where, JsonNode node) {
    List<Long> sizes = listOf(where, node, Fields::integerOf);
    return Shape.of(sizes.stream().mapToLong(Long::longValue).toArray());
  }

  private static String shorten(JsonNode node) {
    String text = node.toString();
    return text.length() > 60 ? text.substring(0, 57) + "..." : text;
  }
}
