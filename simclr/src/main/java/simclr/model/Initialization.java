package simclr.model;

import com.google.common.hash.Hashing;
import com.google.common.primitives.Ints;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.random.StatelessTruncatedNormal;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.model.VariableSpec.Initializer;
import simclr.model.Variables.Variable;

/** The value of a variable at step 0: a function of the run's seed and the variable's key. */
public final class Initialization {
  /** The deviation that a normal distribution keeps when it is cut at two deviations. */
  private static final double TRUNCATED_DEVIATION = 0.8796256610342398;

  private Initialization() {}

  /** Assigns every variable its value at step 0. */
  public static List<Op> assign(Ops tf, Collection<Variable> variables, long seed) {
    List<Op> assigned = new ArrayList<>();
    for (Variable variable : variables) {
      assigned.add(tf.assignVariableOp(variable.handle(), build(tf, variable.spec(), seed)));
    }
    return assigned;
  }

  private static Operand<TFloat32> build(Ops tf, VariableSpec spec, long seed) {
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
