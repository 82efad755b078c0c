package simclr.parity;

import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import simclr.objective.SupervisedLoss;

/** Files {@code loss-supervised}: logits to cross entropy, its gradient and the accuracy. */
final class SupervisedCase {

  private SupervisedCase() {}

  static void check(Fields golden, Checks checks) {
    int batch = golden.count("batch");
    int classes = golden.count("num_classes");
    Shape shape = Shape.of(batch, classes);
    float[] rows = golden.fill("logits").values(shape.size());
    long[] labels = Fill.labels(golden.text("labels"), batch, classes);
    Map<String, Values> found =
        new LinkedHashMap<>(
            OneOff.run(
                tf -> {
                  Operand<TFloat32> logits = OneOff.constant(tf, shape, rows);
                  SupervisedLoss.Result result =
                      SupervisedLoss.build(tf, logits, tf.constant(labels));
                  return Map.of(
                      "loss", result.loss(),
                      "grad", ContrastiveCase.gradient(tf, result.loss(), logits),
                      "supervised_acc", result.accuracy());
                }));
    found.put("labels", Values.integers(Shape.of(batch), labels));
    golden.checkOutputs(checks, found);
  }
}
