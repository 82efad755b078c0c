package simclr.train;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TType;

/** A resource variable that is not part of the model: a counter, a slot, a running sum. */
record Handle(Operand<? extends TType> operand) {

  static Handle of(Ops tf, Class<? extends TType> type, Shape shape, String sharedName) {
    return new Handle(tf.varHandleOp(type, shape, VarHandleOp.sharedName(sharedName)));
  }

  static Handle scalar(Ops tf, Class<? extends TType> type, String sharedName) {
    return of(tf, type, Shape.scalar(), sharedName);
  }

  Op assign(Ops tf, Operand<? extends TType> value) {
    return tf.assignVariableOp(operand, value);
  }
}
