package simclr.parity;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.tensorflow.ndarray.Shape;

/**
 * One training step of a file: its batch, and what is known of it.
 *
 * @param scalars value and tolerance of each
 * @param gradients rows that begin with the index of a variable
 * @param variablesAfter the same; only where the file has them
 * @param slotsAfter rows that begin with the index of a variable and the name of the slot
 */
record GoldenStep(
    Shape shape,
    String imageFill,
    String imageGain,
    String labelFill,
    double learningRate,
    Map<String, List<Double>> scalars,
    Optional<List<Row>> gradients,
    Optional<List<Row>> variablesAfter,
    Optional<List<Row>> slotsAfter) {

  static GoldenStep read(Fields step) {
    Fields images = step.object("images");
    GoldenStep golden =
        new GoldenStep(
            images.shape("shape"),
            images.text("name"),
            images.text("gain"),
            step.text("labels"),
            step.number("learning_rate"),
            scalars(step.object("scalars")),
            step.ifAny("gradients", name -> step.list(name, Row.reader(1))),
            step.ifAny("variables_after", name -> step.list(name, Row.reader(1))),
            step.ifAny("slots_after", name -> step.list(name, Row.reader(2))));
    images.done();
    step.done();
    return golden;
  }

  /**
   * The batch's images.
   *
   * @param draw 0 for the file's own; any other moves each value by one float32 ulp, up or down
   */
  float[] images(int draw) {
    float[] values = Fill.images(imageFill, imageGain, shape);
    if (draw != 0) {
      SplittableRandom random = new SplittableRandom(draw);
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextBoolean() ? Math.nextUp(values[i]) : Math.nextDown(values[i]);
      }
    }
    return values;
  }

  long[] labels(int numClasses) {
    return Fill.labels(labelFill, Math.toIntExact(shape.get(0)), numClasses);
  }

  private static Map<String, List<Double>> scalars(Fields fields) {
    Map<String, List<Double>> scalars = new LinkedHashMap<>();
    for (String name : fields.names()) {
      List<Double> pair = fields.numbers(name);
      if (pair.size() != 2) {
        throw fields.error("%s is %s, expected a value and a tolerance", name, pair);
      }
      scalars.put(name, pair);
    }
    fields.done();
    return scalars;
  }
}
