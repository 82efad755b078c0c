package simclr.parallel;

import static com.google.common.base.Preconditions.checkState;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.op.Ops;
import org.tensorflow.op.RawCustomGradient;
import org.tensorflow.types.TFloat32;

/**
 * Copies on several devices of one process, which meet in TensorFlow's collective all-reduce.
 *
 * <p>Every copy is built by the same code in the same order, so that the n-th sum of each copy
 * carries the n-th instance key. Runs of a graph with collectives must ask for all copies at once:
 * one that waits for a copy that does not run ends after the timeout.
 */
public final class DeviceReplicas implements Replicas {
  private static final String TYPE = "CollectiveReduceV2";
  private static final int GROUP_KEY = 1;

  /** Backward sums take keys of their own, told from the forward key: no order to keep. */
  private static final int BACKWARD_KEYS = 1 << 20;

  /** Long enough for the first step's graph optimisation, short enough to end a lost run. */
  private static final float TIMEOUT_SECONDS = 600f;

  /** What the gradient function must know of a sum stands in its name. */
  private static final Pattern NAME =
      Pattern.compile("replica_sum_([A-Z]+)_(\\d+)_of_(\\d+)_key_(\\d+)");

  static {
    RawCustomGradient gradient = DeviceReplicas::gradient;
    checkState(
        TensorFlow.registerCustomGradient(TYPE, gradient), "%s has a gradient already", TYPE);
  }

  private final String deviceType;
  private final int rank;
  private final int count;
  private int sums;

  private DeviceReplicas(String deviceType, int rank, int count) {
    this.deviceType = deviceType;
    this.rank = rank;
    this.count = count;
  }

  /**
   * The copies on the first {@code count} devices of a type.
   *
   * @param deviceType {@code CPU} or {@code GPU}
   */
  public static List<Replicas> onDevices(String deviceType, int count) {
    List<Replicas> replicas = new ArrayList<>();
    for (int rank = 0; rank < count; rank++) {
      replicas.add(new DeviceReplicas(deviceType, rank, count));
    }
    return List.copyOf(replicas);
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public Operand<TFloat32> sum(Ops tf, Operand<TFloat32> x) {
    return allReduce(tf, x.asOutput(), deviceType, rank, count, ++sums);
  }

  /** The gradient of a sum over copies is the sum over copies of the gradients. */
  private static List<Operand<?>> gradient(
      Ops tf, GraphOperation operation, List<Output<?>> gradients) {
    Matcher name = NAME.matcher(operation.name());
    checkState(name.find(), "%s is not a sum of ours", operation.name());
    Operand<TFloat32> sum =
        allReduce(
            tf,
            gradients.get(0).expect(TFloat32.class),
            name.group(1),
            Integer.parseInt(name.group(2)),
            Integer.parseInt(name.group(3)),
            Integer.parseInt(name.group(4)) + BACKWARD_KEYS);
    Operand<?> none = tf.constant(0); // a null is not taken
    return new ArrayList<>(List.of(sum, none, none, none));
  }

  private static Operand<TFloat32> allReduce(
      Ops tf, Output<TFloat32> x, String deviceType, int rank, int count, int key) {
    String name = "replica_sum_" + deviceType + "_" + rank + "_of_" + count + "_key_" + key;
    return tf.scope()
        .opBuilder(TYPE, name)
        .addInput(x)
        .addInput(tf.constant(count).asOutput())
        .addInput(tf.constant(GROUP_KEY).asOutput())
        .addInput(tf.constant(key).asOutput())
        .addInputList(new Output<?>[0])
        .setAttr("merge_op", "Add")
        .setAttr("final_op", "Id")
        .setAttr("timeout_seconds", TIMEOUT_SECONDS)
        // by hand, since the scope that a gradient function gets carries no device
        .setDevice("/device:" + deviceType + ":" + rank)
        .build()
        .<TFloat32>output(0);
  }
}
