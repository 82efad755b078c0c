package simclr.parity;

import com.google.common.primitives.Floats;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.objective.ContrastiveLoss;
import simclr.objective.NtXent;
import simclr.parallel.Replicas;

/** Files {@code loss-contrastive}: projections to NT-Xent, its gradient and its metrics. */
final class ContrastiveCase {

  private ContrastiveCase() {}

  static void check(Fields golden, Checks checks) {
    int batch = golden.count("batch");
    int dim = golden.count("dim");
    NtXent ntXent = new NtXent(golden.number32("temperature"), golden.flag("hidden_norm"));
    Fields hidden = golden.object("hidden");
    float[] z =
        views(
            hidden.fill("first_half").values((long) batch * dim),
            hidden.fill("second_half").values((long) batch * dim),
            hidden.flag("second_half_adds_first"));
    hidden.done();
    golden.checkOutputs(checks, loss(ntXent, z, Shape.of(2L * batch, dim)));
  }

  private static Map<String, Values> loss(NtXent ntXent, float[] rows, Shape shape) {
    Map<String, Values> found =
        new LinkedHashMap<>(
            OneOff.run(
                tf -> {
                  Operand<TFloat32> z = OneOff.constant(tf, shape, rows);
                  ContrastiveLoss.Result result = ntXent.build(tf, Replicas.single(), z);
                  Map<String, Operand<? extends TType>> outputs = new LinkedHashMap<>();
                  outputs.put("loss", result.loss());
                  outputs.put("grad", gradient(tf, result.loss(), z));
                  outputs.put("logits_ab", result.logits());
                  outputs.put("labels_argmax", result.labels());
                  outputs.put("contrast_acc", result.accuracy());
                  outputs.put("contrast_entropy", result.entropy());
                  return outputs;
                }));
    // The product keeps the column of each label, not the one-hot rows over both halves.
    Shape logits = OneOff.get(found, "logits_ab").shape();
    found.put("labels_shape", Values.integers(Shape.of(2), logits.get(0), 2 * logits.get(1)));
    found.put("grad_norm", Values.scalar((float) OneOff.get(found, "grad").l2()));
    return found;
  }

  /** First views above second views. */
  static float[] views(float[] first, float[] second, boolean addFirst) {
    float[] sum = second.clone();
    if (addFirst) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] = first[i] + second[i];
      }
    }
    return Floats.concat(first, sum);
  }

  static Operand<TFloat32> gradient(Ops tf, Operand<TFloat32> y, Operand<TFloat32> x) {
    return tf.gradients(y, List.of(x)).dy(0);
  }
}
