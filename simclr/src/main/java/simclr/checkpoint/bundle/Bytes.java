package simclr.checkpoint.bundle;

import static simclr.checkpoint.bundle.DamagedException.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads numbers from part of an array and never past its end. */
final class Bytes {
  private final ByteBuffer buffer;
  private final String what;

  /**
   * @param what names the part in messages
   */
  Bytes(byte[] bytes, int from, int length, String what) {
    this.buffer = ByteBuffer.wrap(bytes, from, length).slice().order(ByteOrder.LITTLE_ENDIAN);
    this.what = what;
  }

  int position() {
    return buffer.position();
  }

  boolean isAtEnd() {
    return !buffer.hasRemaining();
  }

  /** A number of at most 31 bits in up to 5 bytes. */
  int varint32() throws DamagedException {
    long value = varint(5);
    check(value <= Integer.MAX_VALUE, "%s has a length of %s", what, Long.toUnsignedString(value));
    return (int) value;
  }

  /** A number of at most 63 bits in up to 10 bytes. */
  long varint64() throws DamagedException {
    long value = varint(10);
    check(value >= 0, "%s has a number of %s", what, Long.toUnsignedString(value));
    return value;
  }

  int fixed32() throws DamagedException {
    check(buffer.remaining() >= Integer.BYTES, "%s ends early", what);
    return buffer.getInt();
  }

  /** The next {@code length} bytes, appended to the first {@code kept} of {@code before}. */
  byte[] append(byte[] before, int kept, int length) throws DamagedException {
    check(length <= buffer.remaining(), "an entry reaches past the end of %s", what);
    byte[] bytes = new byte[kept + length];
    System.arraycopy(before, 0, bytes, 0, kept);
    buffer.get(bytes, kept, length);
    return bytes;
  }

  private long varint(int most) throws DamagedException {
    long value = 0;
    for (int i = 0; i < most; i++) {
      check(buffer.hasRemaining(), "%s ends early", what);
      byte next = buffer.get();
      value |= (next & 0x7FL) << (7 * i);
      if (next >= 0) {
        // the tenth byte has room for one bit
        check(i < 9 || next <= 1, "%s has a number that does not end", what);
        return value;
      }
    }
    throw new DamagedException("%s has a number that does not end", what);
  }
}
