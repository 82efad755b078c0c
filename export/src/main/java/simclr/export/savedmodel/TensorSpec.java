package simclr.export.savedmodel;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

/**
 * An argument or a result of an exported function.
 *
 * @param shape with unknown dimensions where they are free
 */
record TensorSpec(String name, DataType type, Shape shape) {

  static TensorSpec of(String name, Operand<?> tensor) {
    return new TensorSpec(name, tensor.asOutput().dataType(), tensor.shape());
  }

  /** What a signature says of it. */
  TensorInfo info(String tensor) {
    return TensorInfo.newBuilder()
        .setName(tensor)
        .setDtype(type)
        .setTensorShape(shapeProto())
        .build();
  }

  TensorShapeProto shapeProto() {
    return proto(shape);
  }

  static TensorShapeProto proto(Shape shape) {
    TensorShapeProto.Builder proto = TensorShapeProto.newBuilder();
    for (long size : shape.asArray()) {
      proto.addDimBuilder().setSize(size);
    }
    return proto.build();
  }
}
