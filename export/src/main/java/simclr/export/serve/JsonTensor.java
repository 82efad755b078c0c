package simclr.export.serve;

import static simclr.export.serve.HttpError.badRequest;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import simclr.export.bundle.HostTensor;

/**
 * Collects the values of one tensor from nested JSON lists, without knowing beforehand how many
 * there are or of what kind: numbers, strings, or {@code {"b64": ...}}.
 */
final class JsonTensor {
  /** The key that says that a string is base64. */
  static final String BASE64 = "b64";

  private static final int DEEPEST = 8;
  private static final int FIRST_CAPACITY = 3072;

  private final String name;
  private final long[] sizes = new long[DEEPEST];
  private int rank = -1;
  private float[] numbers = new float[0];
  private int count;
  private final List<byte[]> strings = new ArrayList<>();
  private int values;

  JsonTensor(String name) {
    this.name = name;
    Arrays.fill(sizes, -1);
  }

  /**
   * Adds a value or list of lists.
   *
   * @param parser at its first token
   */
  void add(JsonParser parser) throws IOException {
    add(parser, parser.currentToken(), 0);
    values++;
  }

  /** Adds a string whose bytes are known already. */
  void add(byte[] string) {
    leaf(0);
    addString(string);
    values++;
  }

  /** The tensor of what was added as rows. */
  HostTensor rows() {
    return tensor(Shape.of(values).append(shape()));
  }

  /** The tensor of the one list that was added. */
  HostTensor whole() {
    return tensor(shape());
  }

  private HostTensor tensor(Shape shape) {
    if (shape.size() == 0) {
      throw badRequest("\"%s\" has the shape %s, expected values", name, text(shape));
    }
    return strings.isEmpty()
        ? new HostTensor.Floats(shape, Arrays.copyOf(numbers, count))
        : new HostTensor.Strings(shape, strings);
  }

  private Shape shape() {
    return Shape.of(Arrays.copyOf(sizes, Math.max(0, rank)));
  }

  private void add(JsonParser parser, JsonToken token, int depth) throws IOException {
    if (token == JsonToken.START_ARRAY) {
      addList(parser, depth);
    } else if (token == JsonToken.VALUE_NUMBER_FLOAT || token == JsonToken.VALUE_NUMBER_INT) {
      leaf(depth);
      addNumber(parser.getFloatValue());
    } else if (token == JsonToken.VALUE_STRING) {
      leaf(depth);
      addString(parser.getText().getBytes(StandardCharsets.UTF_8));
    } else if (token == JsonToken.START_OBJECT) {
      leaf(depth);
      parser.nextToken();
      addString(base64(parser));
    } else {
      throw badRequest(
          "\"%s\" holds %s, expected numbers, strings or {\"b64\": ...}", name, parser.getText());
    }
  }

  private void addList(JsonParser parser, int depth) throws IOException {
    if (depth == DEEPEST || (rank >= 0 && depth >= rank)) {
      throw badRequest(
          "\"%s\" has a list at level %s, expected %s levels of lists",
          name, depth + 1, rank < 0 ? "at most " + DEEPEST : rank);
    }
    int size = 0;
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      add(parser, token, depth + 1);
      size++;
    }
    if (size == 0) {
      rank = Math.max(rank, depth + 1);
    }
    if (sizes[depth] >= 0 && sizes[depth] != size) {
      throw badRequest(
          "\"%s\" has lists of %s and of %s values at level %s, expected one size",
          name, sizes[depth], size, depth + 1);
    }
    sizes[depth] = size;
  }

  /**
   * Reads the rest of {@code {"b64": "..."}}.
   *
   * @param parser at the name of the first field
   */
  static byte[] base64(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.FIELD_NAME || !parser.currentName().equals(BASE64)) {
      throw badRequest("an object has no field \"b64\", expected {\"b64\": \"...\"} as a value");
    }
    if (parser.nextToken() != JsonToken.VALUE_STRING) {
      throw badRequest("\"b64\" is %s, expected a string in base64", parser.getText());
    }
    byte[] bytes = decoded(parser);
    if (parser.nextToken() != JsonToken.END_OBJECT) {
      throw badRequest("an object has fields beside \"b64\", expected {\"b64\": \"...\"}");
    }
    return bytes;
  }

  private static byte[] decoded(JsonParser parser) throws IOException {
    try {
      return parser.getBinaryValue();
    } catch (JsonProcessingException e) {
      throw badRequest("\"b64\" is not valid base64: %s", String.valueOf(e.getOriginalMessage()));
    }
  }

  private void leaf(int depth) {
    if (rank >= 0 && rank != depth) {
      throw badRequest(
          "\"%s\" has values at levels %s and %s of its lists, expected one level",
          name, rank, depth);
    }
    rank = depth;
  }

  private void addNumber(float value) {
    if (!strings.isEmpty()) {
      throw mixed();
    }
    if (count == numbers.length) {
      numbers = Arrays.copyOf(numbers, Math.max(FIRST_CAPACITY, 2 * count));
    }
    numbers[count++] = value;
  }

  private void addString(byte[] value) {
    if (count > 0) {
      throw mixed();
    }
    strings.add(value);
  }

  private HttpError mixed() {
    return badRequest("\"%s\" mixes numbers and strings, expected one kind", name);
  }

  /** {@code [2,32,32,3]}, with ? for sizes that are free. */
  static String text(Shape shape) {
    return shape.toString().replace("-1", "?").replace(" ", "");
  }
}
