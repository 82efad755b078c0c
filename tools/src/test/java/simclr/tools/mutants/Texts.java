package simclr.tools.mutants;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Changes JSON where its values are, and the words of other text. */
public final class Texts {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HERE = "@here@";
  private static final Pattern WORD = Pattern.compile("[^\\s=:\"]+");

  private static final ImmutableList<String> WORDS =
      ImmutableList.of(
          "",
          "-1",
          "0",
          "1e999",
          "-1e999",
          "1e-999",
          "NaN",
          "Infinity",
          "0.5",
          "2147483647",
          "2147483648",
          "4294967297",
          "9223372036854775807",
          "9223372036854775808",
          "99999999999999999999999999999999999999",
          "1e2147483647",
          "true",
          "../../../../x",
          "/",
          "~",
          "a/b",
          "folder:",
          "cifar10_binary:\0",
          "a\0b",
          "\u001b[31m",
          "\u202e",
          "\ud83d",
          "%s%n%d",
          "{SPLIT}{SPLIT}",
          "synthetic:99999999999",
          "train[:9999999999999999999]",
          "9".repeat(5000),
          "x".repeat(100_000));

  private static final ImmutableList<String> VALUES =
      ImmutableList.of(
          "null",
          "[]",
          "{}",
          "[null]",
          "[[1]]",
          "{\"x\": {}}",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "[" + "1,".repeat(20_000) + "1]",
          nested(100),
          nested(900),
          nested(100_000),
          "{\"a\":".repeat(900) + "1" + "}".repeat(900),
          "{\"a\":".repeat(50_000));

  private Texts() {}

  /** A changed JSON text; it need not be JSON. */
  public static byte[] json(byte[] whole, SplittableRandom random) {
    if (random.nextInt(4) == 0) {
      return random.nextBoolean() ? words(whole, random) : Bytes.mutate(whole, random);
    }
    try {
      JsonNode root = JSON.readTree(whole);
      List<ContainerNode<?>> containers = new ArrayList<>();
      collect(root, containers);
      ContainerNode<?> container = containers.get(random.nextInt(containers.size()));
      change(container, random);
      return utf8(JSON.writeValueAsString(root).replace('"' + HERE + '"', value(random)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A text with words changed, or lines, or any of its bytes. */
  public static byte[] words(byte[] whole, SplittableRandom random) {
    String text = new String(whole, StandardCharsets.UTF_8);
    List<MatchResult> words = WORD.matcher(text).results().toList();
    if (words.isEmpty() || random.nextInt(4) == 0) {
      return Bytes.mutate(whole, random);
    }
    MatchResult word = words.get(random.nextInt(words.size()));
    String other =
        random.nextInt(3) == 0
            ? words.get(random.nextInt(words.size())).group()
            : WORDS.get(random.nextInt(WORDS.size()));
    byte[] changed = utf8(text.substring(0, word.start()) + other + text.substring(word.end()));
    return random.nextInt(3) == 0 ? words(changed, random) : changed;
  }

  /** A word that no reader of numbers, names or paths expects. */
  static String word(SplittableRandom random) {
    return WORDS.get(random.nextInt(WORDS.size()));
  }

  private static void change(ContainerNode<?> container, SplittableRandom random) {
    int what = random.nextInt(8);
    if (container instanceof ObjectNode object && !object.isEmpty()) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.get(random.nextInt(names.size()));
      switch (what) {
        case 0 -> object.remove(name);
        case 1 -> object.set(word(random), object.remove(name));
        case 2 -> object.set(names.get(random.nextInt(names.size())), object.get(name));
        default -> object.put(name, HERE);
      }
    } else if (container instanceof ArrayNode array && !array.isEmpty()) {
      int index = random.nextInt(array.size());
      switch (what) {
        case 0 -> array.remove(index);
        case 1 -> array.add(array.get(index).deepCopy());
        default -> {
          array.remove(index);
          array.insert(index, HERE);
        }
      }
    } else if (container instanceof ArrayNode empty) {
      empty.add(HERE);
    }
  }

  private static String value(SplittableRandom random) throws JsonProcessingException {
    String word = word(random);
    return switch (random.nextInt(3)) {
      case 0 -> VALUES.get(random.nextInt(VALUES.size()));
      case 1 -> JSON.writeValueAsString(word);
      // A bare word: a number, or no JSON.
      default -> word.isEmpty() ? "-" : word;
    };
  }

  private static void collect(JsonNode node, List<ContainerNode<?>> containers) {
    if (node instanceof ContainerNode<?> container) {
      containers.add(container);
      container.forEach(child -> collect(child, containers));
    }
  }

  private static String nested(int depth) {
    return "[".repeat(depth) + "]".repeat(depth);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
