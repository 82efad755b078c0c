package simclr.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * CRC-32C as TFRecord files and checkpoints store it: {@code rotate_right(crc, 15) + 0xa282ead8},
 * so that the checksum of data that hold checksums stays meaningful.
 */
public final class MaskedCrc {
  private static final int MASK = 0xa282ead8;

  private final CRC32C crc = new CRC32C();

  /** Of a range of bytes. */
  public static int of(byte[] bytes, int from, int length) {
    return new MaskedCrc().add(bytes, from, length).value();
  }

  /** Adds a range of bytes. */
  public MaskedCrc add(byte[] bytes, int from, int length) {
    crc.update(bytes, from, length);
    return this;
  }

  /** Adds an integer as little-endian bytes. */
  public MaskedCrc addInt(int value) {
    return add(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value));
  }

  /** Adds an integer as little-endian bytes. */
  public MaskedCrc addLong(long value) {
    return add(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value));
  }

  /** The masked checksum of all that was added. */
  public int value() {
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }

  private MaskedCrc add(ByteBuffer filled) {
    crc.update(filled.flip());
    return this;
  }
}
