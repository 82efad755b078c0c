package simclr.train;

import com.google.common.hash.Hashing;
import com.google.common.primitives.Ints;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.random.StatelessTruncatedNormal;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Initializer;

/** The value of a variable at step 0: a function of the run's seed and the variable's key. */
final class Initialization {
  /** The deviation that a normal distribution keeps when it is cut at two deviations. */
  private static final double TRUNCATED_DEVIATION = 0.8796256610342398;

  private Initialization() {}

  static Operand<TFloat32> build(Ops tf, VariableSpec spec, long seed) {
    long[] dimensions = spec.shape().asArray();
    Operand<TInt32> shape =
        tf.constant(Arrays.stream(dimensions).mapToInt(Ints::checkedCast).toArray());
    long name =
        Hashing.crc32().hashString(spec.checkpointKey(), StandardCharsets.UTF_8).padToLong();
    Operand<TInt64> key = tf.constant(new long[] {seed, name});
    Initializer initializer = spec.initializer();
    if (initializer instanceof Initializer.Constant constant) {
      return tf.fill(shape, tf.constant(constant.value()));
    } else if (initializer instanceof Initializer.Normal normal) {
      return tf.math.mul(tf.random.statelessRandomNormal(shape, key), tf.constant(normal.stddev()));
    }
    long fanIn = Arrays.stream(dimensions, 0, dimensions.length - 1).reduce(1, Math::multiplyExact);
    float deviation = (float) (Math.sqrt(1.0 / fanIn) / TRUNCATED_DEVIATION);
    return tf.math.mul(
        StatelessTruncatedNormal.create(tf.scope(), shape, key, TFloat32.class),
        tf.constant(deviation));
  }
}
