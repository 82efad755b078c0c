package simclr.config;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import simclr.config.RunConfig.Flag;
import simclr.config.UserException.ExitCode;

/** Flags as text and as plain values: the record's components read and written by reflection. */
final class FlagText {
  private static final Set<String> TRUE = Set.of("true", "t", "1", "yes", "y");
  private static final Set<String> FALSE = Set.of("false", "f", "0", "no", "n");

  private FlagText() {}

  /** See {@link RunConfig#of}. */
  static RunConfig read(Map<String, String> flags) {
    Map<String, String> unread = new LinkedHashMap<>(flags);
    Object[] values =
        Arrays.stream(RunConfig.class.getRecordComponents())
            .map(part -> read(part, unread))
            .toArray();
    unread.keySet().stream()
        .findFirst()
        .ifPresent(
            name -> {
              throw new UserException(
                  ExitCode.USAGE, "--%s is not a flag of this program", Quoted.of(name));
            });
    return construct(RunConfig.class, values);
  }

  /** The flags of a record; a component that is a record itself is a group of them. */
  static List<RecordComponent> flags(Class<?> record) {
    return Arrays.stream(record.getRecordComponents())
        .flatMap(
            part -> part.getType().isRecord() ? flags(part.getType()).stream() : Stream.of(part))
        .toList();
  }

  /** See {@link RunConfig#toFlags}. */
  static Map<String, @Nullable Object> values(RunConfig config) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    collect(config, values);
    return values;
  }

  private static void collect(Record record, Map<String, @Nullable Object> into) {
    for (RecordComponent part : record.getClass().getRecordComponents()) {
      Object value = valueOf(record, part);
      if (value instanceof Record group) {
        collect(group, into);
      } else {
        into.put(RunConfig.flagName(part), plain(value));
      }
    }
  }

  private static Object read(RecordComponent part, Map<String, String> unread) {
    if (!part.getType().isRecord()) {
      return parse(part, takeOrDefault(unread, part));
    }
    Object[] values =
        Arrays.stream(part.getType().getRecordComponents())
            .map(flag -> read(flag, unread))
            .toArray();
    return construct(part.getType(), values);
  }

  /** See {@link RunConfig#valueName}. */
  static String valueName(RecordComponent flag) {
    Class<?> type = valueType(flag);
    if (!type.isEnum()) {
      return type.getSimpleName().toLowerCase(Locale.ROOT);
    }
    return Arrays.stream(type.getEnumConstants()).map(FlagText::lowerCase).collect(joining("|"));
  }

  private static String takeOrDefault(Map<String, String> flags, RecordComponent flag) {
    String given = flags.remove(RunConfig.flagName(flag));
    return given == null ? flag.getAnnotation(Flag.class).value() : given;
  }

  private static Object parse(RecordComponent flag, String text) {
    boolean optional = flag.getType() == Optional.class;
    if (optional && text.isEmpty()) {
      return Optional.empty();
    }
    try {
      Object value = parse(valueType(flag), text);
      return optional ? Optional.of(value) : value;
    } catch (IllegalArgumentException e) {
      throw new UserException(
          ExitCode.USAGE,
          "--%s is \"%s\", expected a value of %s",
          RunConfig.flagName(flag),
          Quoted.of(text),
          valueName(flag));
    }
  }

  private static Object parse(Class<?> type, String text) {
    if (type == int.class) {
      return Integer.valueOf(text);
    } else if (type == Long.class) {
      return Long.valueOf(text);
    } else if (type == double.class) {
      return Double.valueOf(text);
    } else if (type == boolean.class) {
      return parseBoolean(text);
    } else if (type.isEnum()) {
      return constant(type, text);
    }
    return text;
  }

  /** As absl reads booleans. */
  private static boolean parseBoolean(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (!TRUE.contains(lower) && !FALSE.contains(lower)) {
      throw new IllegalArgumentException(text);
    }
    return TRUE.contains(lower);
  }

  private static Object constant(Class<?> type, String text) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> lowerCase(constant).equals(text))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(text));
  }

  private static Class<?> valueType(RecordComponent flag) {
    return flag.getGenericType() instanceof ParameterizedType optional
        ? (Class<?>) optional.getActualTypeArguments()[0]
        : flag.getType();
  }

  private static Object valueOf(Record record, RecordComponent flag) {
    try {
      return flag.getAccessor().invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Object plain(Object value) {
    if (value instanceof Optional<?> optional) {
      return optional.orElse(null);
    }
    return value instanceof Enum<?> ? lowerCase(value) : value;
  }

  private static String lowerCase(Object constant) {
    return constant.toString().toLowerCase(Locale.ROOT);
  }

  private static <T> T construct(Class<T> record, Object[] values) {
    try {
      Class<?>[] types =
          Arrays.stream(record.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      return record.getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof UserException userError) {
        throw userError;
      }
      throw new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
