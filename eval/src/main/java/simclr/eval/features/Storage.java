package simclr.eval.features;

import java.nio.ByteBuffer;
import simclr.export.bundle.HostTensor;

/** How features are kept in files. */
public enum Storage {
  FLOAT32("<f4", Float.BYTES) {
    @Override
    void put(ByteBuffer to, float value) {
      to.putFloat(value);
    }
  },

  /** Half the size and 8 bits of precision, under the type that ml_dtypes gives it in NumPy. */
  BFLOAT16("<V2", Short.BYTES) {
    @Override
    void put(ByteBuffer to, float value) {
      int bits = Float.floatToRawIntBits(value);
      // To the nearest, of two equally near ones to the even; NaN stays one.
      int rounded = Float.isNaN(value) ? bits | 0x400000 : bits + 0x7fff + (bits >>> 16 & 1);
      to.putShort((short) (rounded >>> 16));
    }
  };

  private final String descr;
  private final int bytes;

  Storage(String descr, int bytes) {
    this.descr = descr;
    this.bytes = bytes;
  }

  /** NumPy's name of the type. */
  String descr() {
    return descr;
  }

  int bytes() {
    return bytes;
  }

  abstract void put(ByteBuffer to, float value);

  /** The bytes of a batch. */
  ByteBuffer encode(HostTensor.Floats rows) {
    int values = Math.toIntExact(rows.shape().size());
    ByteBuffer to =
        ByteBuffer.allocate(Math.multiplyExact(values, bytes))
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values; i++) {
      put(to, rows.at(i));
    }
    return to.flip();
  }
}
