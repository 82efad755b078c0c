package simclr.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Two copies on two logical CPUs, which hold {1, 2} and {10, 20}. */
@Tag("numeric")
final class DeviceReplicasTest {
  private static final float[][] VALUES = {{1, 2}, {10, 20}};

  @Test
  void everyCopyGetsTheSumAndTheMean() {
    assertThat(onBoth((tf, replica) -> replica.sum(tf, own(tf, replica))))
        .isDeepEqualTo(new float[][] {{11, 22}, {11, 22}});
    assertThat(onBoth((tf, replica) -> replica.mean(tf, own(tf, replica))))
        .isDeepEqualTo(new float[][] {{5.5f, 11}, {5.5f, 11}});
  }

  @Test
  void severalSumsDoNotMixUp() {
    assertThat(
            onBoth(
                (tf, replica) -> {
                  Operand<TFloat32> first = replica.sum(tf, own(tf, replica));
                  Operand<TFloat32> second =
                      replica.sum(tf, tf.math.mul(own(tf, replica), tf.constant(2f)));
                  return tf.math.sub(second, first);
                }))
        .isDeepEqualTo(new float[][] {{11, 22}, {11, 22}});
  }

  @Test
  void rowsOfAllCopiesStandInOrderOfRank() {
    assertThat(
            onBoth(
                (tf, replica) ->
                    tf.reshape(
                        replica.concat(tf, tf.expandDims(own(tf, replica), tf.constant(0))),
                        tf.array(-1))))
        .isDeepEqualTo(new float[][] {{1, 2, 10, 20}, {1, 2, 10, 20}});
  }

  @Test
  void indicesCountTheRowsOfTheCopiesBefore() {
    assertThat(
            onBoth(
                (tf, replica) -> {
                  Operand<TInt32> indices = replica.globalIndices(tf, tf.constant(2));
                  return tf.dtypes.cast(indices, TFloat32.class);
                }))
        .isDeepEqualTo(new float[][] {{0, 1}, {2, 3}});
  }

  @Test
  void theGradientOfASumIsTheSumOfTheGradients() {
    // Each copy's loss is its own values times the sum: its values are the sum's gradient there.
    assertThat(
            onBoth(
                (tf, replica) -> {
                  Operand<TFloat32> x = own(tf, replica);
                  Operand<TFloat32> weights = tf.constant(VALUES[replica.rank()]);
                  Operand<TFloat32> loss =
                      tf.reduceSum(tf.math.mul(replica.sum(tf, x), weights), tf.constant(0));
                  Output<?>[] gradients =
                      ((Graph) tf.scope().env())
                          .addGradients(loss.asOutput(), new Output<?>[] {x.asOutput()});
                  return gradients[0].expect(TFloat32.class);
                }))
        .isDeepEqualTo(new float[][] {{11, 22}, {11, 22}});
  }

  private static Operand<TFloat32> own(Ops tf, Replicas replica) {
    return tf.identity(tf.constant(VALUES[replica.rank()]));
  }

  /** What each copy computes; both run at once. */
  private static float[][] onBoth(BiFunction<Ops, Replicas, Operand<TFloat32>> built) {
    ConfigProto twoCpus = ConfigProto.newBuilder().putDeviceCount("CPU", 2).build();
    try (Graph graph = new Graph()) {
      List<Operand<TFloat32>> wanted = new ArrayList<>();
      for (Replicas replica : DeviceReplicas.onDevices("CPU", 2)) {
        Ops tf =
            Ops.create(graph)
                .withSubScope("replica_" + replica.rank())
                .withDevice(
                    DeviceSpec.newBuilder()
                        .deviceType(DeviceType.CPU)
                        .deviceIndex(replica.rank())
                        .build());
        wanted.add(built.apply(tf, replica));
      }
      try (Session session = new Session(graph, twoCpus);
          Result result = session.runner().fetch(wanted.get(0)).fetch(wanted.get(1)).run()) {
        return new float[][] {
          StdArrays.array1dCopyOf((TFloat32) result.get(0)),
          StdArrays.array1dCopyOf((TFloat32) result.get(1))
        };
      }
    }
  }
}
