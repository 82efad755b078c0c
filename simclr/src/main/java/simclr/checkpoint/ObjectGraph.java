package simclr.checkpoint;

import static simclr.checkpoint.CheckpointKeys.GLOBAL_STEP;
import static simclr.checkpoint.CheckpointKeys.KERAS_LEARNING_RATE;
import static simclr.checkpoint.CheckpointKeys.SAVE_COUNTER;
import static simclr.checkpoint.CheckpointKeys.key;

import com.google.common.base.Splitter;
import com.google.protobuf.BoolValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject;
import simclr.checkpoint.RunState.Slot;
import simclr.model.Variables.Variable;
import simclr.optim.SlotLayout;

/**
 * The tree of Python objects that {@code tf.train.Checkpoint(model=, global_step=, optimizer=)}
 * saves. Python follows it by name from the root to find what to restore, so it holds every object
 * that carries a variable, and those only.
 *
 * <p>Nodes are numbered breadth first from the root, slots of a legacy optimizer behind them: they
 * have no parent and are reached through the optimizer's list. The step counter is one node with
 * two names, {@code global_step} and the optimizer's own.
 */
final class ObjectGraph {
  private final Node root = new Node();
  private final List<SlotNode> slots = new ArrayList<>();

  private ObjectGraph() {}

  private record SlotNode(Node variable, String name, Node value) {}

  /** The graph of a run. */
  static TrackableObjectGraph of(RunState state) {
    ObjectGraph graph = new ObjectGraph();
    graph.add(state);
    return graph.toProto();
  }

  private void add(RunState state) {
    SlotLayout layout = state.layout();
    Node step = root.variable(GLOBAL_STEP, layout.byPosition() ? "iteration" : "iter");
    root.child("model"); // Checkpoint sorts its keyword arguments; save_counter comes later
    Node optimizer = root.child("optimizer");
    root.variable(SAVE_COUNTER, SAVE_COUNTER);
    for (Variable variable : state.variables().all()) {
      root.variable(variable.spec().checkpointKey(), variable.spec().kerasName());
    }
    if (layout.byPosition()) {
      addKerasSlots(optimizer, step, state);
    } else {
      optimizer.children.put("iter", step);
      state.slots().forEach(slot -> addLegacySlot(slot, layout));
    }
  }

  private void addLegacySlot(Slot slot, SlotLayout layout) {
    Node value = new Node();
    value.key = key(CheckpointKeys.slot(slot.of(), slot.name()));
    value.fullName = layout.pythonName(slot.name(), slot.of().kerasName());
    slots.add(new SlotNode(root.at(slot.of().checkpointKey()), slot.name(), value));
  }

  /** Keras 2.15 lists its variables by position, and those of a kind a second time. */
  private void addKerasSlots(Node optimizer, Node step, RunState state) {
    Node all = optimizer.child("_variables");
    all.children.put("0", step);
    optimizer.children.put("_iterations", step);
    root.variable(KERAS_LEARNING_RATE, "current_learning_rate");
    for (int i = 0; i < state.slots().size(); i++) {
      Slot slot = state.slots().get(i);
      Node value =
          root.variable(
              CheckpointKeys.kerasSlot(i),
              state.layout().pythonName(slot.name(), slot.of().kerasName()));
      Node ofKind = optimizer.child(state.layout().listOf(slot.name()));
      ofKind.children.put(Integer.toString(ofKind.children.size()), value);
    }
  }

  private TrackableObjectGraph toProto() {
    Map<Node, Integer> ids = numbered();
    TrackableObjectGraph.Builder proto = TrackableObjectGraph.newBuilder();
    ids.forEach((node, id) -> proto.addNodes(node.toProto(ids)));
    int optimizer = ids.getOrDefault(root.child("optimizer"), 0);
    for (SlotNode slot : slots) {
      proto
          .getNodesBuilder(optimizer)
          .addSlotVariablesBuilder()
          .setOriginalVariableNodeId(ids.getOrDefault(slot.variable, 0))
          .setSlotName(slot.name)
          .setSlotVariableNodeId(ids.getOrDefault(slot.value, 0));
    }
    return proto.build();
  }

  private Map<Node, Integer> numbered() {
    Map<Node, Integer> ids = ObjectNumbers.of(root, node -> node.children.values());
    slots.forEach(slot -> ids.put(slot.value, ids.size()));
    return ids;
  }

  /** An object; with a key it is a variable. Compared by identity. */
  private static final class Node {
    final Map<String, Node> children = new LinkedHashMap<>();
    @Nullable String key;
    @Nullable String fullName;

    Node child(String name) {
      return children.computeIfAbsent(name, n -> new Node());
    }

    Node at(String path) {
      Node node = this;
      for (String name : Splitter.on('/').split(path)) {
        node = node.child(name);
      }
      return node;
    }

    Node variable(String path, String fullName) {
      Node node = at(path);
      node.key = CheckpointKeys.key(path);
      node.fullName = fullName;
      return node;
    }

    TrackableObject.Builder toProto(Map<Node, Integer> ids) {
      TrackableObject.Builder proto =
          TrackableObject.newBuilder().setHasCheckpointValues(BoolValue.of(true));
      children.forEach(
          (name, child) ->
              proto.addChildrenBuilder().setLocalName(name).setNodeId(ids.getOrDefault(child, 0)));
      if (key != null && fullName != null) {
        proto
            .addAttributesBuilder()
            .setName("VARIABLE_VALUE")
            .setFullName(fullName)
            .setCheckpointKey(key);
      }
      return proto;
    }
  }
}
