package simclr.checkpoint.bundle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** CRC-32C of bytes as they come, stored rotated and shifted so that it may nest. */
final class Checksum {
  private static final int MASK = 0xa282ead8;

  private final CRC32C crc = new CRC32C();

  Checksum add(byte[] bytes, int from, int length) {
    crc.update(bytes, from, length);
    return this;
  }

  Checksum addInt(int value) {
    return add(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value));
  }

  Checksum addLong(long value) {
    return add(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value));
  }

  /** As files store it. */
  int masked() {
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }

  private Checksum add(ByteBuffer filled) {
    crc.update(filled.flip());
    return this;
  }
}
