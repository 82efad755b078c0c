package simclr.checkpoint.bundle;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.proto.BundleEntryProto;
import org.tensorflow.proto.BundleHeaderProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.proto.VersionDef;
import simclr.io.MaskedCrc;

/** Builds index files byte by byte, right ones and those whose only fault is what they say. */
final class TableBytes {
  private static final long MAGIC = 0xdb4775248b80fb57L;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Block index = new Block();

  /** A block under construction. */
  static final class Block {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Integer> restarts = new ArrayList<>(List.of(0));

    /** An entry that shares nothing. */
    Block row(byte[] key, byte[] value) {
      return entry(0, key.length, value.length, key, value);
    }

    Block row(String key, byte[] value) {
      return row(key.getBytes(StandardCharsets.UTF_8), value);
    }

    /** An entry whose lengths may be wrong. */
    Block entry(long shared, long unshared, long length, byte[] key, byte[] value) {
      varint(bytes, shared);
      varint(bytes, unshared);
      varint(bytes, length);
      bytes.writeBytes(key);
      bytes.writeBytes(value);
      return this;
    }

    Block raw(int... raw) {
      for (int one : raw) {
        bytes.write(one);
      }
      return this;
    }

    Block restarts(Integer... offsets) {
      restarts.clear();
      restarts.addAll(List.of(offsets));
      return this;
    }

    byte[] bytes() {
      return bytes(restarts.size());
    }

    byte[] bytes(int claimedRestarts) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      all.writeBytes(bytes.toByteArray());
      restarts.forEach(restart -> all.writeBytes(fixed32(restart)));
      all.writeBytes(fixed32(claimedRestarts));
      return all.toByteArray();
    }
  }

  /** An index file with one data block. */
  static byte[] table(byte[] block) {
    return new TableBytes().block(block, "\377").finish();
  }

  /** An index file with a header and one tensor. */
  static byte[] of(String key, BundleEntryProto.Builder entry) {
    return table(new Block().row("", header(1)).row(key, entry.build().toByteArray()).bytes());
  }

  static byte[] header(int shards) {
    return BundleHeaderProto.newBuilder()
        .setNumShards(shards)
        .setVersion(VersionDef.newBuilder().setProducer(1))
        .build()
        .toByteArray();
  }

  /** An entry of 4 floats at the start of the data. */
  static BundleEntryProto.Builder floats(long... dimensions) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    long elements = 1;
    for (long dimension : dimensions) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
      elements *= dimension;
    }
    return BundleEntryProto.newBuilder()
        .setDtype(DataType.DT_FLOAT)
        .setShape(shape)
        .setSize(elements * Float.BYTES);
  }

  /** Adds a data block. */
  TableBytes block(byte[] block, String separator) {
    return block(
        block, separator.getBytes(StandardCharsets.ISO_8859_1), handle(bytes.size(), block.length));
  }

  /** The same with a handle that may be wrong. */
  TableBytes block(byte[] block, byte[] separator, byte[] handle) {
    index.row(separator, handle);
    write(block, 0);
    return this;
  }

  /** A block with a right checksum and the given type. */
  void write(byte[] block, int type) {
    bytes.writeBytes(block);
    byte[] typed = ByteBuffer.allocate(block.length + 1).put(block).put((byte) type).array();
    bytes.write(type);
    bytes.writeBytes(fixed32(MaskedCrc.of(typed, 0, typed.length)));
  }

  byte[] finish() {
    byte[] metadata = handle(bytes.size(), 8);
    write(new Block().bytes(), 0);
    byte[] end = index.bytes();
    byte[] handle = handle(bytes.size(), end.length);
    write(end, 0);
    return finish(metadata, handle);
  }

  /** Adds a footer whose handles may be wrong. */
  byte[] finish(byte[] metadata, byte[] handle) {
    ByteBuffer footer = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
    footer.put(metadata).put(handle).putLong(40, MAGIC);
    bytes.writeBytes(footer.array());
    return bytes.toByteArray();
  }

  static byte[] handle(long offset, long size) {
    ByteArrayOutputStream handle = new ByteArrayOutputStream();
    varint(handle, offset);
    varint(handle, size);
    return handle.toByteArray();
  }

  static byte[] utf8(String text) {
    return ByteString.copyFromUtf8(text).toByteArray();
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) (rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private static byte[] fixed32(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }
}
