package simclr.checkpoint;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

/**
 * Ops that fill resource variables from a checkpoint, each on its own and from a tensor chosen when
 * they run. The values go from file to variable inside the runtime.
 */
final class Assigner {
  private final Operand<TString> prefix;
  private final Operand<TString> keys;
  private final Map<String, Op> assigns = new LinkedHashMap<>();

  /** A variable; {@code path} is its name here. */
  record Target(String path, Class<? extends TType> type, Operand<? extends TType> handle) {}

  private Assigner(Operand<TString> prefix, Operand<TString> keys) {
    this.prefix = prefix;
    this.keys = keys;
  }

  static Assigner build(Ops tf, List<Target> targets) {
    Operand<TString> prefix = tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    Operand<TString> keys =
        tf.placeholder(TString.class, Placeholder.shape(Shape.of(targets.size())));
    Assigner assigner = new Assigner(prefix, keys);
    Operand<TString> wholeTensor = tf.array("");
    List<Operand<TString>> eachKey = new ArrayList<>();
    tf.split(tf.constant(0), keys, (long) targets.size()).forEach(eachKey::add);
    for (int i = 0; i < targets.size(); i++) {
      Target target = targets.get(i);
      Operand<? extends TType> value =
          tf.train
              .restore(prefix, eachKey.get(i), wholeTensor, List.of(target.type()))
              .tensors()
              .get(0);
      assigner.assigns.put(target.path(), tf.assignVariableOp(target.handle(), value));
    }
    return assigner;
  }

  /**
   * Fills some of the variables.
   *
   * @param keyOf the tensor to take, by the path of the variable; shapes have been compared
   * @throws simclr.config.UserException DATA if the file's data are torn
   */
  void assign(Session session, CheckpointFile file, ImmutableMap<String, String> keyOf) {
    if (keyOf.isEmpty()) {
      return;
    }
    checkState(assigns.keySet().containsAll(keyOf.keySet()), "no op assigns one of %s", keyOf);
    String[] fed =
        assigns.keySet().stream()
            .map(path -> file.stored(keyOf.getOrDefault(path, "")))
            .toArray(String[]::new);
    try (TString prefixTensor = TString.scalarOf(file.prefix().toString());
        TString keysTensor = TString.vectorOf(fed)) {
      Session.Runner runner = session.runner().feed(prefix, prefixTensor).feed(keys, keysTensor);
      assigns.forEach(
          (path, assign) -> {
            if (keyOf.containsKey(path)) {
              runner.addTarget(assign);
            }
          });
      runner.run().close();
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw file.torn(keyOf.values().asList(), e);
    }
  }
}
