package simclr.checkpoint;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.ObjectReference;

/**
 * Names of the variables of a saved object graph. In a SavedModel keys are an accident of the order
 * in which objects were met ({@code trainable_variables_list/12}); what a variable is follows from
 * the attributes that lead to it from the model.
 */
public final class ObjectPaths {
  private static final String MODEL = "model";

  /** The attribute by which the model is known, wherever it hangs. */
  private static final String ENCODER = "resnet_model";

  /** Keras' own lists of the same objects, which it puts before the attributes. */
  private static final ImmutableSet<String> OF_KERAS =
      ImmutableSet.of(
          "keras_api",
          "variables",
          "trainable_variables",
          "non_trainable_variables",
          "regularization_losses");

  /** No variable lies deeper; a chain of objects that is made to harm does. */
  private static final int LONGEST_PATH = 1000;

  private final TrackableObjectGraph graph;

  /** Looks through a graph; nothing is computed yet. */
  public ObjectPaths(TrackableObjectGraph graph) {
    this.graph = graph;
  }

  /** Key of every variable below the model, by its path from there; empty if there is no model. */
  public ImmutableMap<String, String> keysByPath() {
    return model().map(this::below).orElse(ImmutableMap.of());
  }

  /** Key of every variable, by the name that Python gave it. */
  public ImmutableMap<String, String> keysByName() {
    Map<String, String> keys = new LinkedHashMap<>();
    graph.getNodesList().stream()
        .flatMap(node -> node.getAttributesList().stream())
        .forEach(value -> keys.putIfAbsent(value.getFullName(), value.getCheckpointKey()));
    return ImmutableMap.copyOf(keys);
  }

  private Optional<TrackableObject> model() {
    return graph.getNodesList().stream()
        .filter(
            node -> node.getChildrenList().stream().anyMatch(c -> c.getLocalName().equals(ENCODER)))
        .findFirst();
  }

  private ImmutableMap<String, String> below(TrackableObject model) {
    record Place(String path, TrackableObject node) {}
    Map<String, String> keys = new LinkedHashMap<>();
    Set<Integer> seen = new HashSet<>();
    Deque<Place> next = new ArrayDeque<>();
    next.add(new Place(MODEL, model));
    while (!next.isEmpty()) {
      Place place = next.remove();
      place
          .node()
          .getAttributesList()
          .forEach(value -> keys.putIfAbsent(place.path(), value.getCheckpointKey()));
      for (ObjectReference child : place.node().getChildrenList()) {
        int id = child.getNodeId();
        boolean valid = id >= 0 && id < graph.getNodesCount();
        boolean named = place.path().length() < LONGEST_PATH;
        if (valid && named && !OF_KERAS.contains(child.getLocalName()) && seen.add(id)) {
          next.add(new Place(place.path() + '/' + child.getLocalName(), graph.getNodes(id)));
        }
      }
    }
    return ImmutableMap.copyOf(keys);
  }
}
