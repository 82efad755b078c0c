package simclr.checkpoint.bundle;

import java.util.Optional;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint16;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/** The types of elements that a checkpoint may hold. */
final class ElementTypes {
  private ElementTypes() {}

  static boolean isKnown(DataType type) {
    return isOfAnyLength(type) || bytes(type) > 0;
  }

  /** Strings and variants, each of a length of its own. */
  static boolean isOfAnyLength(DataType type) {
    return type == DataType.DT_STRING || type == DataType.DT_VARIANT;
  }

  /** Whether so many elements can have so many bytes. */
  static boolean fits(DataType type, long elements, long size) {
    if (isOfAnyLength(type)) {
      return elements <= size; // each has a length of at least one byte
    }
    return size % bytes(type) == 0 && size / bytes(type) == elements;
  }

  /** Java's class for tensors of a type, where it has one. */
  static Optional<Class<? extends TType>> javaType(DataType type) {
    return switch (type) {
      case DT_FLOAT -> Optional.of(TFloat32.class);
      case DT_DOUBLE -> Optional.of(TFloat64.class);
      case DT_HALF -> Optional.of(TFloat16.class);
      case DT_BFLOAT16 -> Optional.of(TBfloat16.class);
      case DT_INT32 -> Optional.of(TInt32.class);
      case DT_INT64 -> Optional.of(TInt64.class);
      case DT_UINT8 -> Optional.of(TUint8.class);
      case DT_UINT16 -> Optional.of(TUint16.class);
      case DT_BOOL -> Optional.of(TBool.class);
      default -> Optional.empty();
    };
  }

  /** Bytes of an element, 0 for types that checkpoints do not have. */
  private static int bytes(DataType type) {
    return switch (type) {
      case DT_BOOL,
          DT_INT4,
          DT_UINT4,
          DT_INT8,
          DT_UINT8,
          DT_QINT8,
          DT_QUINT8,
          DT_FLOAT8_E5M2,
          DT_FLOAT8_E4M3FN ->
          1;
      case DT_INT16, DT_UINT16, DT_QINT16, DT_QUINT16, DT_HALF, DT_BFLOAT16 -> 2;
      case DT_INT32, DT_UINT32, DT_QINT32, DT_FLOAT -> 4;
      case DT_INT64, DT_UINT64, DT_DOUBLE, DT_COMPLEX64 -> 8;
      case DT_COMPLEX128 -> 16;
      default -> 0;
    };
  }
}
