package simclr.export.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import simclr.export.bundle.HostTensor;

/** Bodies of requests, good and bad. */
final class PredictRequestTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'instances': [[0.5, 1], [2, 3e-1]]}",
        "{'instances': [{'x': [0.5, 1]}, {'x': [2, 0.3]}]}",
        "{'inputs': [[0.5, 1], [2, 0.3]]}",
        "{'inputs': {'x': [[0.5, 1.0], [2.0, 0.3]]}}",
        "{'unknown': {'a': [1]}, 'inputs': [[0.5, 1], [2, 0.3]], 'more': null}",
      })
  void rowsAndColumnsAreTheSameTensor(String body) throws IOException {
    PredictRequest request = read(body);
    assertThat(request.signatureName()).isEqualTo("serving_default");
    assertThat(request.rowFormat()).isEqualTo(body.contains("instances"));
    assertThat(request.inputs()).hasSize(1);
    assertThat(request.inputs().keySet()).containsExactly(body.contains("'x'") ? "x" : "");
    HostTensor.Floats values = (HostTensor.Floats) request.inputs().values().iterator().next();
    assertThat(values.shape()).isEqualTo(Shape.of(2, 2));
    assertThat(values.values()).containsExactly(0.5f, 1, 2, 0.3f);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'instances': [{'b64': 'AP8='}, {'b64': ''}, 'a'], 'signature_name': 'image_bytes'}",
        "{'signature_name': 'image_bytes', 'instances': [{'x': {'b64': 'AP8='}}, {'x': ''},"
            + " {'x': 'a'}]}",
        "{'signature_name': 'image_bytes', 'inputs': [{'b64': 'AP8='}, {'b64': ''}, 'a']}",
        "{'inputs': {'x': [{'b64': 'AP8='}, '', 'a']}, 'signature_name': 'image_bytes'}",
      })
  void stringsAreBase64OrBare(String body) throws IOException {
    PredictRequest request = read(body);
    assertThat(request.signatureName()).isEqualTo("image_bytes");
    HostTensor.Strings values = (HostTensor.Strings) request.inputs().values().iterator().next();
    assertThat(values.values()).containsExactly(new byte[] {0, -1}, new byte[0], new byte[] {'a'});
  }

  @Test
  void emptySignatureNameIsTheDefault() throws IOException {
    assertThat(read("{'signature_name': '', 'inputs': [1]}").signatureName())
        .isEqualTo("serving_default");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "`` => the body is empty, expected a JSON object",
        "[] => the body is a list, expected a JSON object",
        "3 => the body is 3, expected a JSON object",
        "{ => the body is not valid JSON at line 1, column",
        "{'instances': [1}  => the body is not valid JSON at line 1, column",
        "{'instances': [NaN]}  => the body is not valid JSON at line 1, column",
        "{'inputs': [1]} {} => the body goes on behind its JSON object",
        "{} => the body has neither 'instances' nor 'inputs'",
        "{'instances': [1], 'inputs': [1]} => the body has 'instances' and 'inputs' or one twice",
        "{'instances': [1], 'instances': [1]} => the body has 'instances' and 'inputs' or one"
            + " twice",
        "{'instances': {}} => 'instances' is an object, expected a list",
        "{'instances': []} => 'instances' is empty",
        "{'instances': [null]} => 'instances' holds null",
        "{'instances': [true]} => 'instances' holds true",
        "{'instances': [[]]} => 'instances' has the shape [1,0], expected values",
        "{'instances': [[1], [1, 2]]} => 'instances' has lists of 1 and of 2 values at level 1",
        "{'instances': [[1], 1]} => 'instances' has values at levels 1 and 0 of its lists",
        "{'instances': [1, [1]]} => 'instances' has a list at level 1, expected 0 levels",
        "{'instances': [[1, 'a']]} => 'instances' mixes numbers and strings",
        "{'instances': [['a', 1]]} => 'instances' mixes numbers and strings",
        "{'instances': [{}]} => an object of inputs is empty",
        "{'instances': [{'x': 1}, {'y': 1}]} => instance 1 has other inputs than those before it",
        "{'instances': [{'x': 1}, 1]} => instance 1 has other inputs than those before it",
        "{'instances': [{'x': 1, 'x': 2}]} => instance 0 has other inputs than those before it",
        "{'inputs': {'x': [1], 'x': [2]}} => 'inputs' names an input twice",
        "{'inputs': {'x': [{'a': 1}]}} => an object has no field 'b64'",
        "{'instances': [{'b64': 1}]} => 'b64' is 1, expected a string in base64",
        "{'instances': [{'b64': 'ab*='}]} => 'b64' is not valid base64: ",
        "{'instances': [{'b64': 'AP8=', 'c': 1}]} => an object has fields beside 'b64'",
        "{'signature_name': 3, 'inputs': [1]} => 'signature_name' is 3, expected a string",
      })
  void whatDoesNotFitIsSaid(String body, String message) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOfSatisfying(
            HttpError.class, refusal -> assertThat(refusal.status()).isEqualTo(400))
        .hasMessageStartingWith(message.replace('\'', '"'))
        .hasMessageNotContaining("REDACTED");
  }

  @Test
  void everyPrefixOfABodyIsRefused() {
    String body = "{'signature_name': 'x', 'instances': [{'a': [0.5, 1e-3]}, {'a': [1, 2]}]}";
    for (int length = 0; length < body.length(); length++) {
      String prefix = body.substring(0, length);
      assertThatThrownBy(() -> read(prefix)).as(prefix).isInstanceOf(HttpError.class);
    }
  }

  /** Three megabytes of names once took ten seconds and eight gigabytes. */
  @ParameterizedTest
  @ValueSource(strings = {"{'inputs': {", "{'instances': [{", "{'instances': [1, {"})
  void bodyOfManyNamesIsReadNoFurtherThanTheFirstFew(String start) {
    StringBuilder body = new StringBuilder(start.replace('\'', '"'));
    for (int i = 0; i < 300_000; i++) {
      body.append("\"n").append(i).append("\": [1, 2], ");
    }
    ByteArrayInputStream bytes = new ByteArrayInputStream(body.toString().getBytes(UTF_8));
    int all = bytes.available();
    assertThatThrownBy(() -> PredictRequest.read(bytes, Set.of("x")))
        .isInstanceOf(HttpError.class)
        .hasMessage(
            "the inputs are n0, n1, n2, n3, n4, n5, n6, n7, n8 and more, expected those of a"
                + " signature, of x");
    assertThat(all - bytes.available()).isLessThan(100_000);
  }

  @Test
  void deepNestingIsRefusedNotFollowed() {
    assertThatThrownBy(() -> read("{'instances': [" + "[".repeat(100_000)))
        .isInstanceOf(HttpError.class)
        .hasMessageContaining("has a list at level 9, expected at most 8 levels");
    assertThatThrownBy(() -> read("{'other': " + "[".repeat(100_000)))
        .isInstanceOf(HttpError.class);
  }

  private static PredictRequest read(String body) throws IOException {
    return PredictRequest.read(
        new ByteArrayInputStream(body.replace('\'', '"').getBytes(UTF_8)), Set.of("x", "y", "a"));
  }
}
