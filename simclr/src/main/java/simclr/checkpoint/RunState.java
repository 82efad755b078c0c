package simclr.checkpoint;

import com.google.common.collect.ImmutableList;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.optim.SlotLayout;

/**
 * All that a run has to remember: what a checkpoint holds beside its object graph.
 *
 * <p>Where several replicas train, this is the state of the first; the others are its mirrors.
 *
 * @param variables the model
 * @param layout under which keys the slots are written
 * @param slots the optimizer's memory, in the order of {@link Variables#trainable()}; a variable's
 *     slots stand together ({@code m} before {@code v}). LARS has none for a variable without
 *     gradient, the others have them for every trainable variable
 * @param globalStep handle of the int64 scalar that counts completed steps
 * @param saveCounter handle of the int64 scalar that counts checkpoints written
 * @param lastLearningRate scalar: the rate that the step before took; Keras' momentum and Adam
 *     store it, LARS does not
 */
public record RunState(
    Variables variables,
    SlotLayout layout,
    ImmutableList<Slot> slots,
    Operand<? extends TType> globalStep,
    Operand<? extends TType> saveCounter,
    Operand<TFloat32> lastLearningRate) {

  /**
   * One tensor of the optimizer's memory, shaped like its variable.
   *
   * @param name {@code Momentum} (LARS), {@code momentum}, {@code m} or {@code v} (Adam)
   * @param value what {@code handle} holds, read before the step changes it
   */
  public record Slot(
      VariableSpec of, String name, Operand<? extends TType> handle, Operand<TFloat32> value) {}
}
