package simclr.checkpoint;

import simclr.model.VariableSpec;

/**
 * Names of tensors in a TF2 object checkpoint: the path of the object, then what of it is stored.
 *
 * <pre>
 * model/supervised_head/linear_layer/dense/bias/.ATTRIBUTES/VARIABLE_VALUE
 * model/supervised_head/linear_layer/dense/bias/.OPTIMIZER_SLOT/optimizer/Momentum/.ATTRIBUTES/VARIABLE_VALUE
 * optimizer/_variables/1/.ATTRIBUTES/VARIABLE_VALUE
 * </pre>
 *
 * In this package a <em>path</em> is such a name without the suffix, a <em>key</em> has it.
 */
public final class CheckpointKeys {
  /** Appended to the path of a variable to name its tensor. */
  static final String VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE";

  /** The tensor that holds the serialised object graph; a TF1 checkpoint has none. */
  public static final String OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH";

  public static final String GLOBAL_STEP = "global_step";
  public static final String SAVE_COUNTER = "save_counter";

  static final String KERAS_LEARNING_RATE = "optimizer/_current_learning_rate";
  static final String KERAS_VARIABLES = "optimizer/_variables/";
  public static final String SLOT = "/.OPTIMIZER_SLOT/optimizer/";

  private CheckpointKeys() {}

  /** {@code path} with the suffix. */
  public static String key(String path) {
    return path + VALUE_SUFFIX;
  }

  /** {@code key} without the suffix, where it has one. */
  static String path(String key) {
    return key.endsWith(VALUE_SUFFIX)
        ? key.substring(0, key.length() - VALUE_SUFFIX.length())
        : key;
  }

  /** Path of an optimizer slot, as LARS and Keras' legacy optimizers store it. */
  public static String slot(VariableSpec variable, String slot) {
    return variable.checkpointKey() + SLOT + slot;
  }

  /**
   * Path of an optimizer slot, as Keras 2.15 stores it: by position only.
   *
   * @param index position among all slots, from 0; the list's element 0 is the step counter
   */
  static String kerasSlot(int index) {
    return KERAS_VARIABLES + (index + 1);
  }
}
