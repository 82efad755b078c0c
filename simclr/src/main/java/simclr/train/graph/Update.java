package simclr.train.graph;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.RunState.Slot;
import simclr.model.Initialization;
import simclr.model.ResourceVariable;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;
import simclr.optim.Optimizer;

/**
 * What a step changes on one replica: weights and slots by the optimizer, moving statistics by the
 * forward pass.
 */
final class Update {
  private final Tower tower;
  private final ImmutableList<Slot> slots;
  private final ImmutableList<Op> updates;

  private Update(Tower tower, List<Slot> slots, List<Op> updates) {
    this.tower = tower;
    this.slots = ImmutableList.copyOf(slots);
    this.updates = ImmutableList.copyOf(updates);
  }

  /**
   * Builds one update for each variable with a gradient. All wait for all gradients, so that
   * nothing is written that a reader of the step may still want.
   */
  static Update build(Tower tower, Optimizer optimizer, Optimizer.Step step) {
    Ops tf = tower.tf().withSubScope("update");
    List<Op> gradients = new ArrayList<>();
    tower.gradients().forEach(gradient -> gradient.ifPresent(gradients::add));
    Ops behind = tf.withControlDependencies(tf.withControlDependencies(gradients).noOp());

    List<Slot> slots = new ArrayList<>();
    List<Op> updates = new ArrayList<>(tower.variables().updates());
    List<Variable> trainable = tower.variables().trainable();
    for (int i = 0; i < trainable.size(); i++) {
      Variable variable = trainable.get(i);
      Optional<Operand<TFloat32>> gradient = tower.gradients().get(i);
      if (gradient.isEmpty() && !optimizer.keepsSlotsWithoutGradient()) {
        continue;
      }
      List<Operand<? extends TType>> handles = new ArrayList<>();
      for (String name : optimizer.slots()) {
        Slot slot = slot(tower, variable.spec(), name);
        slots.add(slot);
        handles.add(slot.handle());
      }
      gradient.ifPresent(g -> updates.add(optimizer.apply(behind, variable, handles, g, step)));
    }
    return new Update(tower, slots, updates);
  }

  List<Op> updates() {
    return updates;
  }

  /** The optimizer's memory in the order of the trainable variables. */
  List<Slot> slots() {
    return slots;
  }

  /** Assigns the values at step 0. */
  List<Op> initial(long seed) {
    Ops tf = tower.tf().withSubScope("initialize");
    List<Op> initial = new ArrayList<>(Initialization.assign(tf, tower.variables().all(), seed));
    for (Slot slot : slots) {
      long[] shape = slot.of().shape().asArray();
      initial.add(tf.assignVariableOp(slot.handle(), tf.zeros(tf.constant(shape), TFloat32.class)));
    }
    return initial;
  }

  /** Assigns the first replica's values to this one's variables and slots. */
  List<Op> copyOf(Tower first, List<Slot> firstSlots) {
    Ops tf = tower.tf().withSubScope("synchronize");
    List<Op> copies = new ArrayList<>();
    for (Variable variable : tower.variables().all()) {
      Variable source = first.variables().find(variable.spec().checkpointKey()).orElseThrow();
      copies.add(tf.assignVariableOp(variable.handle(), source.value()));
    }
    for (int i = 0; i < slots.size(); i++) {
      copies.add(tf.assignVariableOp(slots.get(i).handle(), firstSlots.get(i).value()));
    }
    return copies;
  }

  private static Slot slot(Tower tower, VariableSpec variable, String name) {
    Ops tf = tower.tf();
    String sharedName =
        "replica_" + tower.replicas().rank() + "/" + variable.checkpointKey() + "/" + name;
    ResourceVariable handle = ResourceVariable.of(tf, TFloat32.class, variable.shape(), sharedName);
    return new Slot(
        variable, name, handle.operand(), tf.readVariableOp(handle.operand(), TFloat32.class));
  }
}
