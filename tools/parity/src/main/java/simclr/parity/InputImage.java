package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.primitives.Floats;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import simclr.data.image.ImageDecoding;

/** The image, or batch of images, that an {@code augment-*} case begins with. */
final class InputImage {
  private static final Pattern BATCH =
      Pattern.compile("([0-9.]+)\\*uniform\\((.*)<i>(.*)\\) - ([0-9.]+), i=0\\.\\.(\\d+)");

  private final Shape shape;
  private final float[] values;
  private final boolean bytes;

  /**
   * @param bytes whether the values are whole numbers in [0, 255]
   */
  private InputImage(Shape shape, float[] values, boolean bytes) {
    this.shape = shape;
    this.values = values;
    this.bytes = bytes;
  }

  static InputImage read(Fields input) {
    InputImage image = readAny(input);
    input.done();
    return image;
  }

  /** Adds it to a graph; bytes are brought to [0, 1]. */
  Operand<TFloat32> floats(Ops tf) {
    Operand<TFloat32> constant = OneOff.constant(tf, shape, values);
    return bytes ? ImageDecoding.toFloat(tf, tf.dtypes.cast(constant, TUint8.class)) : constant;
  }

  private static InputImage readAny(Fields input) {
    if (input.has("pixels")) {
      return nested(input.any("pixels"));
    }
    if (input.has("uint8")) {
      float[] values = Floats.toArray(input.numbers("uint8"));
      return new InputImage(Shape.of(values.length), values, true);
    }
    Shape shape = input.shape("shape");
    if (input.has("uniform")) {
      return new InputImage(shape, Fill.uniform(input.text("uniform"), shape.size()), false);
    }
    if (input.has("batch")) {
      return batch(input, shape);
    }
    float[] values = Fill.uniform(input.text("uint8_floor_256u"), shape.size());
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.floor(256 * values[i]);
    }
    return new InputImage(shape, values, true);
  }

  private static InputImage batch(Fields input, Shape shape) {
    Matcher rule = BATCH.matcher(input.text("batch"));
    if (!rule.matches() || Integer.parseInt(rule.group(5)) != shape.get(0) - 1) {
      throw input.error(
          "batch is \"%s\", expected \"<scale>*uniform(<name><i><name>) - <offset>, i=0..%s\"",
          input.text("batch"), shape.get(0) - 1);
    }
    float scale = Float.parseFloat(rule.group(1));
    float offset = Float.parseFloat(rule.group(4));
    List<Float> values = new ArrayList<>();
    for (int i = 0; i < shape.get(0); i++) {
      String name = rule.group(2) + i + rule.group(3);
      for (float u : Fill.uniform(name, shape.size() / shape.get(0))) {
        values.add(scale * u - offset);
      }
    }
    return new InputImage(shape, Floats.toArray(values), false);
  }

  private static InputImage nested(JsonNode pixels) {
    List<Long> shape = new ArrayList<>();
    for (JsonNode level = pixels; level.isArray(); level = level.path(0)) {
      shape.add((long) level.size());
    }
    List<Float> values = new ArrayList<>();
    flatten(pixels, values);
    return new InputImage(
        Shape.of(shape.stream().mapToLong(Long::longValue).toArray()),
        Floats.toArray(values),
        false);
  }

  private static void flatten(JsonNode node, List<Float> into) {
    if (node.isArray()) {
      node.forEach(element -> flatten(element, into));
    } else {
      into.add((float) Fields.numberOf("pixels", node));
    }
  }
}
