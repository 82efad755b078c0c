package simclr.checkpoint.bundle;

import static simclr.checkpoint.bundle.DamagedException.check;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import simclr.io.MaskedCrc;

/**
 * The values of one tensor, read once from start to end and compared with the index's checksum:
 *
 * <pre>
 * numbers  = the elements, little endian
 * strings  = varint length ... , crc of the lengths (4), the strings' bytes
 * variants = ( varint length, bytes, crc of all so far (4) ) ...
 * </pre>
 */
final class Values {
  private static final int BUFFER = 1 << 18;

  private final FileChannel file;
  private final BundleEntry entry;
  private final byte[] buffer;
  private final MaskedCrc checksum = new MaskedCrc();
  private long fetched;
  private int at;
  private int limit;

  private Values(FileChannel file, BundleEntry entry) {
    this.file = file;
    this.entry = entry;
    this.buffer = new byte[(int) Math.min(BUFFER, entry.size())];
  }

  /** Takes the bytes in order, some at a time. */
  @FunctionalInterface
  interface Sink {
    void take(byte[] bytes, int from, int length);
  }

  /**
   * Reads the values of a tensor.
   *
   * @param sink takes the elements of numbers, of strings and variants their bytes
   */
  static void read(FileChannel file, BundleEntry entry, Sink sink)
      throws IOException, DamagedException {
    Values values = new Values(file, entry);
    switch (entry.type()) {
      case DT_STRING -> values.strings(sink);
      case DT_VARIANT -> values.variants(sink);
      default -> values.pass(entry.size(), sink);
    }
    check(values.left() == 0, "%s bytes are left over", values.left());
    check(values.checksum.value() == entry.crc(), "its checksum is wrong");
  }

  private void strings(Sink sink) throws IOException, DamagedException {
    if (entry.size() == 0) {
      return; // of no elements, and without a checksum of their lengths
    }
    long bytes = 0;
    for (long i = 0; i < entry.elements(); i++) {
      long length = varint();
      check(
          length <= entry.size() - bytes,
          "its strings are longer than their %s bytes",
          entry.size());
      bytes += length;
      if (length <= 0xFFFFFFFFL) {
        checksum.addInt((int) length);
      } else {
        checksum.addLong(length);
      }
    }
    checkSum("the lengths of its strings have a wrong checksum");
    check(bytes == left(), "its strings have %s bytes, the index says %s", bytes, left());
    pass(bytes, sink);
  }

  private void variants(Sink sink) throws IOException, DamagedException {
    for (long i = 0; i < entry.elements(); i++) {
      long length = varint();
      check(length <= left(), "an element is longer than its %s bytes", entry.size());
      checksum.addLong(length);
      pass(length, sink);
      checkSum("an element has a wrong checksum");
    }
  }

  /** A checksum of all so far, which is then part of what is summed. */
  private void checkSum(String otherwise) throws IOException, DamagedException {
    int stored = 0;
    for (int i = 0; i < Integer.BYTES; i++) {
      stored |= next() << (8 * i);
    }
    check(stored == checksum.value(), otherwise);
    checksum.addInt(stored);
  }

  private void pass(long length, Sink sink) throws IOException, DamagedException {
    long left = length;
    while (left > 0) {
      fill();
      int now = (int) Math.min(left, limit - at);
      checksum.add(buffer, at, now);
      sink.take(buffer, at, now);
      at += now;
      left -= now;
    }
  }

  private long varint() throws IOException, DamagedException {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE - 1; shift += 7) {
      int next = next();
      value |= (next & 0x7FL) << shift;
      if (next < 0x80) {
        return value;
      }
    }
    throw new DamagedException("a length does not end");
  }

  private int next() throws IOException, DamagedException {
    fill();
    return buffer[at++] & 0xFF;
  }

  private long left() {
    return entry.size() - fetched + (limit - at);
  }

  private void fill() throws IOException, DamagedException {
    if (at < limit) {
      return;
    }
    check(left() > 0, "its values are longer than their %s bytes", entry.size());
    ByteBuffer target =
        ByteBuffer.wrap(buffer, 0, (int) Math.min(buffer.length, entry.size() - fetched));
    at = 0;
    limit = 0;
    while (target.hasRemaining()) {
      int read = file.read(target, entry.offset() + fetched);
      check(read >= 0, "the file ends at byte %s", entry.offset() + fetched);
      fetched += read;
      limit += read;
    }
  }
}
