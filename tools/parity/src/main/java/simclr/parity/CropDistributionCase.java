package simclr.parity;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.data.augment.Crop;
import simclr.graph.GraphOps;

/**
 * Files {@code augment-crop-distribution}: thousands of crop boxes. The sampler is TensorFlow's and
 * the seeds are given, so the numbers are exact.
 */
final class CropDistributionCase {
  private static final long SEED = 11;
  private static final int LISTED = 5;

  private record Box(long y, long x, long height, long width) {}

  private CropDistributionCase() {}

  static void check(Fields golden, Checks checks) {
    List<Long> image = golden.integers("image");
    long height = image.get(0);
    long width = image.get(1);
    List<Box> boxes = draw(height, width, golden.count("samples"));
    double area = (double) height * width;
    Map<String, Values> found = new LinkedHashMap<>();
    found.put(
        "min_area",
        Values.scalar(
            boxes.stream().mapToDouble(b -> b.height() * b.width() / area).min().orElseThrow()));
    found.put(
        "max_area",
        Values.scalar(
            boxes.stream().mapToDouble(b -> b.height() * b.width() / area).max().orElseThrow()));
    found.put("mean_area", mean(boxes, b -> b.height() * b.width() / area));
    found.put("mean_height", mean(boxes, Box::height));
    found.put("mean_width", mean(boxes, Box::width));
    found.put("mean_y", mean(boxes, Box::y));
    found.put("mean_x", mean(boxes, Box::x));
    found.put("whole_image_share", share(boxes, b -> b.height() == height && b.width() == width));
    found.put("full_height_share", share(boxes, b -> b.height() == height));
    found.put(
        "touches_bottom_without_full_height",
        count(boxes, b -> b.height() < height && b.y() + b.height() == height));
    found.put(
        "touches_right_without_full_width",
        count(boxes, b -> b.width() < width && b.x() + b.width() == width));
    found.put("first_5_boxes_yxhw", listed(boxes));
    golden.checkOutputs(checks, found);
  }

  private static List<Box> draw(long height, long width, int count) {
    List<Box> boxes = new ArrayList<>();
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Placeholder<TInt64> seed = tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
      Operand<TInt32> shape = tf.array((int) height, (int) width, 3);
      Operand<TInt32> box = Crop.randomBox(tf, seed, shape, 1f);
      try (Session session = new Session(graph)) {
        for (int i = 0; i < count; i++) {
          try (TInt64 seedNow = TInt64.vectorOf(SEED, i)) {
            Values drawn =
                OneOff.fetch(session.runner().feed(seed, seedNow), Map.of("box", box))
                    .values()
                    .iterator()
                    .next();
            boxes.add(
                new Box(
                    (long) drawn.at(0),
                    (long) drawn.at(1),
                    (long) drawn.at(2),
                    (long) drawn.at(3)));
          }
        }
      }
    }
    return boxes;
  }

  private static Values mean(List<Box> boxes, ToDoubleFunction<Box> of) {
    return Values.scalar(boxes.stream().mapToDouble(of).sum() / boxes.size());
  }

  private static Values share(List<Box> boxes, Predicate<Box> counted) {
    return mean(boxes, box -> counted.test(box) ? 1 : 0);
  }

  private static Values count(List<Box> boxes, Predicate<Box> counted) {
    return Values.integer(boxes.stream().filter(counted).count());
  }

  private static Values listed(List<Box> boxes) {
    long[] numbers =
        boxes.stream()
            .limit(LISTED)
            .flatMap(b -> List.of(b.y(), b.x(), b.height(), b.width()).stream())
            .mapToLong(Long::longValue)
            .toArray();
    return Values.integers(Shape.of(numbers.length / 4, 4), numbers);
  }
}
