package simclr.export.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import simclr.export.bundle.HostTensor;

/**
 * The answer to a {@code :predict} request, in the format of the request: {@code {"predictions":
 * [ROW, ...]}} or {@code {"outputs": ...}}. Where there is one output only, its values stand there
 * without its name. Outputs named {@code *_bytes} are base64.
 */
final class PredictResponse {
  private static final String BYTES_SUFFIX = "_bytes";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
          // NaN and Infinity bare, as TensorFlow Serving has them.
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();

  private final JsonGenerator json;

  private PredictResponse(JsonGenerator json) {
    this.json = json;
  }

  /**
   * Writes an answer.
   *
   * @param outputs parts of each output, which together have one row for each row of the request
   */
  static byte[] json(boolean rowFormat, Map<String, List<HostTensor>> outputs) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 13);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      PredictResponse response = new PredictResponse(json);
      json.writeStartObject();
      if (rowFormat) {
        response.predictions(outputs);
      } else {
        response.outputs(outputs);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private void predictions(Map<String, List<HostTensor>> outputs) throws IOException {
    json.writeArrayFieldStart("predictions");
    int parts = outputs.values().iterator().next().size();
    for (int part = 0; part < parts; part++) {
      int rows = outputs.values().iterator().next().get(part).rows();
      for (int row = 0; row < rows; row++) {
        if (outputs.size() > 1) {
          json.writeStartObject();
        }
        for (Map.Entry<String, List<HostTensor>> output : outputs.entrySet()) {
          if (outputs.size() > 1) {
            json.writeFieldName(output.getKey());
          }
          row(output.getKey(), output.getValue().get(part), row);
        }
        if (outputs.size() > 1) {
          json.writeEndObject();
        }
      }
    }
    json.writeEndArray();
  }

  private void outputs(Map<String, List<HostTensor>> outputs) throws IOException {
    json.writeFieldName("outputs");
    if (outputs.size() > 1) {
      json.writeStartObject();
    }
    for (Map.Entry<String, List<HostTensor>> output : outputs.entrySet()) {
      if (outputs.size() > 1) {
        json.writeFieldName(output.getKey());
      }
      json.writeStartArray();
      for (HostTensor part : output.getValue()) {
        for (int row = 0; row < part.rows(); row++) {
          row(output.getKey(), part, row);
        }
      }
      json.writeEndArray();
    }
    if (outputs.size() > 1) {
      json.writeEndObject();
    }
  }

  private void row(String name, HostTensor tensor, int row) throws IOException {
    values(name, tensor, tensor.shape(), 1, row * tensor.perRow());
  }

  /** Writes what lies below a dimension, from a place of the row-major order on. */
  private void values(String name, HostTensor tensor, Shape shape, int dimension, int from)
      throws IOException {
    if (dimension == shape.numDimensions()) {
      value(name, tensor, from);
      return;
    }
    int step = 1;
    for (int d = dimension + 1; d < shape.numDimensions(); d++) {
      step *= (int) shape.get(d);
    }
    json.writeStartArray();
    for (int i = 0; i < shape.get(dimension); i++) {
      values(name, tensor, shape, dimension + 1, from + i * step);
    }
    json.writeEndArray();
  }

  private void value(String name, HostTensor tensor, int index) throws IOException {
    if (tensor instanceof HostTensor.Floats floats) {
      json.writeNumber(floats.at(index));
      return;
    }
    byte[] string = ((HostTensor.Strings) tensor).at(index);
    if (name.endsWith(BYTES_SUFFIX)) {
      json.writeStartObject();
      json.writeBinaryField(JsonTensor.BASE64, string);
      json.writeEndObject();
    } else {
      json.writeString(new String(string, StandardCharsets.UTF_8));
    }
  }
}
