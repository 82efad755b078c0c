package simclr.model;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TType;

/** A resource variable that is not part of the model: a counter, a slot, a running sum. */
public record ResourceVariable(Operand<? extends TType> operand) {

  /** A variable of the graph; two of one name are the same. */
  public static ResourceVariable of(
      Ops tf, Class<? extends TType> type, Shape shape, String sharedName) {
    return new ResourceVariable(tf.varHandleOp(type, shape, VarHandleOp.sharedName(sharedName)));
  }

  /** A variable that holds one number. */
  public static ResourceVariable scalar(Ops tf, Class<? extends TType> type, String sharedName) {
    return of(tf, type, Shape.scalar(), sharedName);
  }

  /** The op that sets it. */
  public Op assign(Ops tf, Operand<? extends TType> value) {
    return tf.assignVariableOp(operand, value);
  }
}
