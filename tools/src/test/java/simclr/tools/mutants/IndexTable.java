package simclr.tools.mutants;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/** A checkpoint's index, taken apart and put together with right checksums and wrong content. */
final class IndexTable {
  private static final int FOOTER = 48;
  private static final int MASK = 0xa282ead8;

  private IndexTable() {}

  private record Row(ByteString key, ByteString value) {
    static Row of(byte[] key, byte[] value) {
      return new Row(ByteString.copyFrom(key), ByteString.copyFrom(value));
    }
  }

  /** Changes a row, or the bytes of the block of all rows; checksums and lengths are right. */
  static byte[] mutate(byte[] whole, SplittableRandom random) {
    List<Row> rows = rows(whole);
    if (random.nextInt(4) == 0) {
      return file(Bytes.mutate(block(rows), random));
    }
    int at = random.nextInt(rows.size());
    Row row = rows.get(at);
    switch (random.nextInt(8)) {
      case 0 ->
          rows.set(
              at,
              new Row(
                  ByteString.copyFrom(Bytes.mutate(row.key().toByteArray(), random)), row.value()));
      case 1 -> rows.remove(at);
      case 2 -> rows.add(at, row);
      case 3 -> rows.set(at, new Row(row.key(), rows.get(random.nextInt(rows.size())).value()));
      default ->
          rows.set(
              at,
              new Row(
                  row.key(),
                  ByteString.copyFrom(Protos.mutate(row.value().toByteArray(), random))));
    }
    return file(block(rows));
  }

  private static List<Row> rows(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(file.length - FOOTER);
    varint(bytes);
    varint(bytes);
    // The last block names the only block of rows.
    Row onlyBlock = rows(bytes, varint(bytes), varint(bytes)).get(0);
    ByteBuffer handle = onlyBlock.value().asReadOnlyByteBuffer();
    return rows(bytes, varint(handle), varint(handle));
  }

  private static List<Row> rows(ByteBuffer file, int offset, int size) {
    int restarts = file.getInt(offset + size - Integer.BYTES);
    int end = offset + size - Integer.BYTES * (1 + restarts);
    List<Row> rows = new ArrayList<>();
    byte[] last = {};
    file.position(offset);
    while (file.position() < end) {
      int shared = varint(file);
      int rest = varint(file);
      byte[] value = new byte[varint(file)];
      byte[] key = Arrays.copyOf(last, shared + rest);
      file.get(key, shared, rest).get(value);
      rows.add(Row.of(key, value));
      last = key;
    }
    return rows;
  }

  private static byte[] block(List<Row> rows) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    for (Row row : rows) {
      block.write(0);
      varint(block, row.key().size());
      varint(block, row.value().size());
      block.writeBytes(row.key().toByteArray());
      block.writeBytes(row.value().toByteArray());
    }
    block.writeBytes(fixed32(0));
    block.writeBytes(fixed32(1));
    return block.toByteArray();
  }

  private static byte[] file(byte[] rows) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ByteArrayOutputStream footer = new ByteArrayOutputStream();
    byte[] handle = handle(0, rows.length);
    write(file, rows);
    byte[] nothing = block(List.of());
    footer.writeBytes(handle(file.size(), nothing.length));
    write(file, nothing);
    byte[] index = block(List.of(Row.of(new byte[] {(byte) 0xff}, handle)));
    footer.writeBytes(handle(file.size(), index.length));
    write(file, index);
    file.writeBytes(
        ByteBuffer.wrap(Arrays.copyOf(footer.toByteArray(), FOOTER))
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(FOOTER - Long.BYTES, 0xdb4775248b80fb57L)
            .array());
    return file.toByteArray();
  }

  private static void write(ByteArrayOutputStream file, byte[] block) {
    byte[] uncompressed = Arrays.copyOf(block, block.length + 1);
    CRC32C crc = new CRC32C();
    crc.update(uncompressed);
    file.writeBytes(uncompressed);
    file.writeBytes(fixed32(Integer.rotateRight((int) crc.getValue(), 15) + MASK));
  }

  private static byte[] handle(int offset, int size) {
    ByteArrayOutputStream handle = new ByteArrayOutputStream();
    varint(handle, offset);
    varint(handle, size);
    return handle.toByteArray();
  }

  private static int varint(ByteBuffer bytes) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes.get();
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  private static void varint(ByteArrayOutputStream out, int value) {
    int rest = value;
    for (; rest > 0x7f; rest >>>= 7) {
      out.write((rest & 0x7f) | 0x80);
    }
    out.write(rest);
  }

  private static byte[] fixed32(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }
}
