package simclr.parity;

import com.google.common.primitives.Floats;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.objective.ContrastiveLoss;
import simclr.objective.NtXent;
import simclr.parallel.DeviceReplicas;
import simclr.parallel.Replicas;

/**
 * Files {@code loss-contrastive-replicas}: NT-Xent over replicas on as many logical devices of the
 * CPU, and over the same rows on one.
 */
final class ContrastiveReplicasCase {
  private ContrastiveReplicasCase() {}

  static void check(Fields golden, Checks checks) {
    int replicas = golden.count("replicas");
    int batch = golden.count("batch_per_replica");
    int dim = golden.count("dim");
    NtXent ntXent = new NtXent(golden.number32("temperature"), true);
    Fields hidden = golden.object("hidden");
    hidden.rule(
        "per_replica",
        String.format(
            Locale.ROOT,
            "r in 0..%s: fill replica<r>/B/D/a scale 1, second half = first + fill replica<r>/B/D/b"
                + " scale 0.7",
            replicas - 1));
    hidden.done();

    List<float[]> rows = new ArrayList<>();
    for (int r = 0; r < replicas; r++) {
      String name = "replica" + r + "/" + batch + "/" + dim + "/";
      rows.add(
          ContrastiveCase.views(
              new Fill(name + "a", 1f, 0).values((long) batch * dim),
              new Fill(name + "b", 0.7f, 0).values((long) batch * dim),
              true));
    }
    Map<String, Values> found = new LinkedHashMap<>();
    found.putAll(onReplicas(ntXent, rows, Shape.of(2L * batch, dim)));
    found.putAll(onOneDevice(ntXent, rows, Shape.of(2L * batch * replicas, dim)));
    golden.checkOutputs(checks, found);
  }

  /** The gradient is that of the mean over replicas of their losses. */
  private static Map<String, Values> onReplicas(NtXent ntXent, List<float[]> rows, Shape shape) {
    int count = rows.size();
    List<Replicas> replicas = DeviceReplicas.onDevices("CPU", count);
    ConfigProto devices = ConfigProto.newBuilder().putDeviceCount("CPU", count).build();
    return OneOff.run(
        devices,
        scope -> {
          Map<String, Operand<? extends TType>> outputs = new LinkedHashMap<>();
          for (int r = 0; r < count; r++) {
            DeviceSpec device =
                DeviceSpec.newBuilder().deviceType(DeviceType.CPU).deviceIndex(r).build();
            Ops tf = scope.withDevice(device);
            Operand<TFloat32> z = OneOff.constant(tf, shape, rows.get(r));
            ContrastiveLoss.Result result = ntXent.build(tf, replicas.get(r), z);
            Operand<TFloat32> share = tf.math.div(result.loss(), tf.constant((float) count));
            outputs.put("loss_replica" + r, result.loss());
            outputs.put("grad_replica" + r, ContrastiveCase.gradient(tf, share, z));
            outputs.put("logits_ab_replica" + r, result.logits());
            outputs.put("labels_argmax_replica" + r, result.labels());
          }
          return outputs;
        });
  }

  private static Map<String, Values> onOneDevice(NtXent ntXent, List<float[]> rows, Shape shape) {
    float[] first = Floats.concat(halves(rows, false));
    float[] second = Floats.concat(halves(rows, true));
    return OneOff.run(
        tf -> {
          Operand<TFloat32> z = OneOff.constant(tf, shape, Floats.concat(first, second));
          ContrastiveLoss.Result result = ntXent.build(tf, Replicas.single(), z);
          return Map.of(
              "loss_single_device", result.loss(),
              "grad_single_device", ContrastiveCase.gradient(tf, result.loss(), z));
        });
  }

  private static float[][] halves(List<float[]> rows, boolean second) {
    return rows.stream()
        .map(
            views ->
                second
                    ? Arrays.copyOfRange(views, views.length / 2, views.length)
                    : Arrays.copyOf(views, views.length / 2))
        .toArray(float[][]::new);
  }
}
