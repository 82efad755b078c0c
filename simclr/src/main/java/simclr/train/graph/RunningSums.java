package simclr.train.graph;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import simclr.model.ResourceVariable;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;
import simclr.summary.Tag;

/**
 * What a run measures between two log points, added up in the graph so that a step fetches nothing.
 */
final class RunningSums {
  private final Operand<TFloat32> sums;
  private final Operand<TFloat32> steps;
  private final Operand<TFloat64> seconds;
  private final Operand<TFloat32> norms;
  private final ImmutableList<Op> additions;
  private final ImmutableList<Op> initial;

  private RunningSums(
      Operand<TFloat32> sums,
      Operand<TFloat32> steps,
      Operand<TFloat64> seconds,
      Operand<TFloat32> norms,
      List<Op> additions,
      List<Op> initial) {
    this.sums = sums;
    this.steps = steps;
    this.seconds = seconds;
    this.norms = norms;
    this.additions = ImmutableList.copyOf(additions);
    this.initial = ImmutableList.copyOf(initial);
  }

  /**
   * Adds the sums to the graph.
   *
   * @param waited scalar, seconds that the step waited for its batch
   */
  static RunningSums build(Ops scope, List<Tower> towers, Operand<TFloat64> waited) {
    Ops tf = scope.withSubScope("running_sums");
    List<Op> additions = new ArrayList<>();
    List<Operand<TFloat32>> means = new ArrayList<>();
    for (Tower tower : towers) {
      Operand<TFloat32> own = tower.tf().stack(List.copyOf(tower.scalars().values()));
      means.add(tower.replicas().mean(tower.tf(), own));
    }
    additions.addAll(means); // every replica takes part in the sum over replicas

    int tags = towers.get(0).scalars().size();
    Operand<TFloat32> newNorms = gradientNorms(tf, towers.get(0).gradients());
    int variables = towers.get(0).gradients().size();
    ResourceVariable sums = ResourceVariable.of(tf, TFloat32.class, Shape.of(tags), "running_sums");
    ResourceVariable steps = ResourceVariable.scalar(tf, TFloat32.class, "running_steps");
    ResourceVariable seconds = ResourceVariable.scalar(tf, TFloat64.class, "running_input_seconds");
    ResourceVariable norms =
        ResourceVariable.of(tf, TFloat32.class, Shape.of(variables), "running_gradient_norms");
    Operand<TFloat32> oldNorms = tf.readVariableOp(norms.operand(), TFloat32.class);

    additions.add(tf.assignAddVariableOp(sums.operand(), means.get(0)));
    additions.add(tf.assignAddVariableOp(steps.operand(), tf.constant(1f)));
    additions.add(tf.assignAddVariableOp(seconds.operand(), waited));
    additions.add(norms.assign(tf, tf.math.maximum(oldNorms, newNorms)));
    List<Op> initial =
        List.of(
            sums.assign(tf, tf.constant(new float[tags])),
            steps.assign(tf, tf.constant(0f)),
            seconds.assign(tf, tf.constant(0.0)),
            norms.assign(tf, tf.constant(new float[variables])));
    return new RunningSums(
        tf.readVariableOp(sums.operand(), TFloat32.class),
        tf.readVariableOp(steps.operand(), TFloat32.class),
        tf.readVariableOp(seconds.operand(), TFloat64.class),
        oldNorms,
        additions,
        initial);
  }

  /** What every step runs. */
  List<Op> additions() {
    return additions;
  }

  /** Sets all sums to 0. */
  List<Op> initial() {
    return initial;
  }

  void reset(Session session) {
    Session.Runner runner = session.runner();
    initial.forEach(op -> runner.addTarget(op.op()));
    runner.run().close();
  }

  Map<Tag, Float> means(Session session, List<Tag> tags) {
    try (Result result = session.runner().fetch(sums).fetch(steps).run()) {
      float count = ((TFloat32) result.get(1)).getFloat();
      Map<Tag, Float> means = new EnumMap<>(Tag.class);
      for (int i = 0; i < tags.size(); i++) {
        // As Keras' mean: nothing measured is 0.
        float sum = ((TFloat32) result.get(0)).getFloat(i);
        means.put(tags.get(i), count == 0 ? 0f : sum / count);
      }
      return means;
    }
  }

  double inputSeconds(Session session) {
    try (Result result = session.runner().fetch(seconds).run()) {
      return ((TFloat64) result.get(0)).getDouble();
    }
  }

  Map<VariableSpec, Float> gradientNorms(Session session, List<Variable> trainable) {
    try (Result result = session.runner().fetch(norms).run()) {
      Map<VariableSpec, Float> found = new LinkedHashMap<>();
      for (int i = 0; i < trainable.size(); i++) {
        found.put(trainable.get(i).spec(), ((TFloat32) result.get(0)).getFloat(i));
      }
      return found;
    }
  }

  /** A vector; 0 where there is no gradient, or none that is finite. */
  private static Operand<TFloat32> gradientNorms(
      Ops tf, List<Optional<Operand<TFloat32>>> gradients) {
    List<Operand<TFloat32>> norms = new ArrayList<>();
    for (Optional<Operand<TFloat32>> gradient : gradients) {
      norms.add(gradient.<Operand<TFloat32>>map(tf.nn::l2Loss).orElseGet(() -> tf.constant(0f)));
    }
    Operand<TFloat32> norm = tf.math.sqrt(tf.math.mul(tf.constant(2f), tf.stack(norms)));
    return tf.select(tf.math.isFinite(norm), norm, tf.zerosLike(norm));
  }
}
