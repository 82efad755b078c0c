package simclr.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** The number formats of {@code .npy} files that are read and written, under NumPy's names. */
public enum NpyDtype {
  FLOAT16("<f2", Short.BYTES, true) {
    @Override
    float real(ByteBuffer data, int at) {
      return fromHalf(data.getShort(at));
    }
  },
  FLOAT32("<f4", Float.BYTES, true) {
    @Override
    float real(ByteBuffer data, int at) {
      return data.getFloat(at);
    }

    @Override
    void put(ByteBuffer to, float value) {
      to.putFloat(value);
    }
  },
  FLOAT64("<f8", Double.BYTES, true) {
    @Override
    float real(ByteBuffer data, int at) {
      return (float) data.getDouble(at);
    }

    @Override
    void put(ByteBuffer to, float value) {
      to.putDouble(value);
    }
  },
  /** As ml_dtypes writes it; NumPy itself shows two bytes of nothing. */
  BFLOAT16("<V2", Short.BYTES, true) {
    @Override
    float real(ByteBuffer data, int at) {
      return Float.intBitsToFloat(data.getShort(at) << 16);
    }

    @Override
    void put(ByteBuffer to, float value) {
      int bits = Float.floatToRawIntBits(value);
      // To the nearest, of two equally near ones to the even; NaN stays one.
      int rounded = Float.isNaN(value) ? bits | 0x400000 : bits + 0x7fff + (bits >>> 16 & 1);
      to.putShort((short) (rounded >>> 16));
    }
  },
  BOOL("|b1", Byte.BYTES, false) {
    @Override
    long whole(ByteBuffer data, int at) {
      return Byte.toUnsignedInt(data.get(at));
    }
  },
  UINT8("|u1", Byte.BYTES, false) {
    @Override
    long whole(ByteBuffer data, int at) {
      return Byte.toUnsignedInt(data.get(at));
    }
  },
  INT32("<i4", Integer.BYTES, false) {
    @Override
    long whole(ByteBuffer data, int at) {
      return data.getInt(at);
    }
  },
  INT64("<i8", Long.BYTES, false) {
    @Override
    long whole(ByteBuffer data, int at) {
      return data.getLong(at);
    }
  };

  private final String descr;
  private final int bytes;
  private final boolean real;

  NpyDtype(String descr, int bytes, boolean real) {
    this.descr = descr;
    this.bytes = bytes;
    this.real = real;
  }

  /** NumPy's name, such as {@code <f4}. */
  public String descr() {
    return descr;
  }

  /** The size of a number. */
  public int bytes() {
    return bytes;
  }

  /** Whether the numbers have fractions. */
  public boolean isReal() {
    return real;
  }

  /** The format under NumPy's name, if it is one of these. */
  static Optional<NpyDtype> of(String descr) {
    String known = descr.equals("|V2") ? BFLOAT16.descr : descr;
    return Arrays.stream(values()).filter(type -> type.descr.equals(known)).findFirst();
  }

  /** Numbers in this format, little endian, ready to be written. */
  public ByteBuffer encode(float... values) {
    ByteBuffer to =
        ByteBuffer.allocate(Math.multiplyExact(values.length, bytes))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      put(to, value);
    }
    return to.flip();
  }

  /** The number at a byte offset, rounded to 32 bits; the format has fractions. */
  float real(ByteBuffer data, int at) {
    throw new IllegalStateException(this + " has no fractions");
  }

  /** The number at a byte offset; the format has no fractions. */
  long whole(ByteBuffer data, int at) {
    throw new IllegalStateException(this + " has fractions");
  }

  void put(ByteBuffer to, float value) {
    throw new IllegalStateException(this + " is only read");
  }

  /** IEEE 754 binary16. */
  static float fromHalf(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int wide = exponent == 31 ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }
}
