package simclr.summary;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The frame that TFRecord and event files put around a message: {@code uint64 length, masked
 * CRC-32C of the length, message, masked CRC-32C of the message}, all little endian.
 */
public final class TfRecords {
  private static final int CRC_MASK = 0xa282ead8;

  private TfRecords() {}

  /** Appends a message with its frame. */
  public static void append(OutputStream out, byte[] message) throws IOException {
    byte[] length = littleEndian(8).putLong(message.length).array();
    out.write(length);
    out.write(littleEndian(4).putInt(maskedCrc(length)).array());
    out.write(message);
    out.write(littleEndian(4).putInt(maskedCrc(message)).array());
  }

  /** The checksum, rotated and shifted, so that it may nest. */
  static int maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK;
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
