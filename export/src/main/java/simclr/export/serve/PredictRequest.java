package simclr.export.serve;

import static simclr.export.serve.HttpError.badRequest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;

/**
 * The body of a {@code :predict} request.
 *
 * <pre>
 *   {"signature_name": NAME, "instances": [ROW, ...]}      ROW: a value, or {INPUT: value, ...}
 *   {"signature_name": NAME, "inputs": COLUMN}             COLUMN: a list, or {INPUT: list, ...}
 * </pre>
 *
 * <p>It is read in one pass, so that a batch of images takes its floats and no tree of objects. The
 * fields may stand in any order; which inputs the signature has is checked afterwards. Values of
 * names that no signature has are skipped.
 *
 * @param rowFormat whether the answer is a list of rows too
 * @param inputs by name; one of the name {@link #UNNAMED} stands for the only input there is
 * @param unknown names of inputs that no signature has, {@link #MOST_UNKNOWN} at most
 */
record PredictRequest(
    String signatureName,
    boolean rowFormat,
    ImmutableMap<String, HostTensor> inputs,
    ImmutableSet<String> unknown) {
  static final String UNNAMED = "";

  private static final int MOST_UNKNOWN = 8;
  private static final int LONGEST_NAME = 1024;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          // Names come from outside: none of them is kept for later requests.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          // What is left of the body is read before the answer is sent.
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .streamReadConstraints(
              // Longer than any body may be: a string is an encoded image.
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(LONGEST_NAME)
                  .build())
          .build();

  /**
   * Reads a body to its end.
   *
   * @param known names of all inputs that the model has
   * @throws HttpError if it is not valid JSON or not of this form
   * @throws IOException if the connection breaks
   */
  static PredictRequest read(InputStream body, Set<String> known) throws IOException {
    try (JsonParser parser = JSON.createParser(body)) {
      return new Reader(parser, known).read();
    } catch (JsonProcessingException e) {
      throw badRequest(
          "the body is not valid JSON at line %s, column %s: %s",
          e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
          e.getLocation() == null ? 0 : e.getLocation().getColumnNr(),
          // Jackson adds where an object began and what it may not show.
          String.valueOf(e.getOriginalMessage())
              .replaceAll(" \\((start marker|for \\w+ starting) .*", ""));
    } catch (CharConversionException e) {
      throw badRequest("the body is not valid JSON: it is not in UTF-8");
    }
  }

  private static final class Reader {
    private final JsonParser parser;
    private final Set<String> known;
    private final Set<String> unknown = new LinkedHashSet<>();
    private final Map<String, JsonTensor> tensors = new LinkedHashMap<>();
    private String signatureName = LoadedModel.DEFAULT_SIGNATURE;
    private boolean rows;
    private boolean columns;

    Reader(JsonParser parser, Set<String> known) {
      this.parser = parser;
      this.known = known;
    }

    PredictRequest read() throws IOException {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw badRequest("the body is %s, expected a JSON object", describe());
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "signature_name" -> readSignatureName();
          case "instances" -> readInstances();
          case "inputs" -> readInputs();
          default -> parser.skipChildren();
        }
      }
      if (parser.nextToken() != null) {
        throw badRequest("the body goes on behind its JSON object, expected its end");
      }
      if (!rows && !columns) {
        throw badRequest("the body has neither \"instances\" nor \"inputs\", expected one of them");
      }
      ImmutableMap.Builder<String, HostTensor> inputs = ImmutableMap.builder();
      tensors.forEach((name, tensor) -> inputs.put(name, rows ? tensor.rows() : tensor.whole()));
      return new PredictRequest(
          signatureName, rows, inputs.buildOrThrow(), ImmutableSet.copyOf(unknown));
    }

    private void readSignatureName() throws IOException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw badRequest("\"signature_name\" is %s, expected a string", describe());
      }
      // Empty means none, as in TensorFlow Serving.
      String name = parser.getText();
      signatureName = name.isEmpty() ? LoadedModel.DEFAULT_SIGNATURE : name;
    }

    private void readInstances() throws IOException {
      requireFirst();
      rows = true;
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw badRequest("\"instances\" is %s, expected a list", describe());
      }
      int count = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        readInstance(count++);
      }
      if (count == 0) {
        throw badRequest("\"instances\" is empty, expected one instance or more");
      }
    }

    private void readInputs() throws IOException {
      requireFirst();
      columns = true;
      if (readNamedOr(UNNAMED) != names()) {
        throw badRequest("\"inputs\" names an input twice, expected each once");
      }
    }

    private void readInstance(int number) throws IOException {
      if (readNamedOr(UNNAMED) != names()) {
        throw badRequest(
            "instance %s has other inputs than those before it, expected each input once in all",
            number);
      }
    }

    /**
     * Reads an object of named values, or one value.
     *
     * @return how many values there were
     */
    private int readNamedOr(String unnamed) throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        tensor(unnamed).add(parser);
        return 1;
      }
      JsonToken token = parser.nextToken();
      if (token == JsonToken.FIELD_NAME && parser.currentName().equals(JsonTensor.BASE64)) {
        tensor(unnamed).add(JsonTensor.base64(parser));
        return 1;
      }
      int count = 0;
      for (; token == JsonToken.FIELD_NAME; token = parser.nextToken()) {
        String name = parser.currentName();
        parser.nextToken();
        if (known.contains(name)) {
          tensor(name).add(parser);
        } else {
          skip(name);
        }
        count++;
      }
      if (count == 0) {
        throw badRequest("an object of inputs is empty, expected {INPUT: value}");
      }
      return count;
    }

    private int names() {
      return tensors.size() + unknown.size();
    }

    private void skip(String name) throws IOException {
      unknown.add(name);
      if (unknown.size() > MOST_UNKNOWN) {
        throw badRequest(
            "the inputs are %s and more, expected those of a signature, of %s",
            String.join(", ", unknown), String.join(", ", known));
      }
      parser.skipChildren();
    }

    private JsonTensor tensor(String name) {
      return tensors.computeIfAbsent(
          name, key -> new JsonTensor(key.isEmpty() ? (rows ? "instances" : "inputs") : key));
    }

    private void requireFirst() {
      if (rows || columns) {
        throw badRequest("the body has \"instances\" and \"inputs\" or one twice, expected one");
      }
    }

    private String describe() throws IOException {
      JsonToken token = parser.currentToken();
      if (token == null) {
        return "empty";
      }
      return switch (token) {
        case START_OBJECT -> "an object";
        case START_ARRAY -> "a list";
        default -> parser.getText();
      };
    }
  }
}
