package simclr.checkpoint.bundle;

import static simclr.checkpoint.bundle.DamagedException.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import simclr.io.MaskedCrc;

/**
 * A sorted table of keys and values as LevelDB lays it out in a file:
 *
 * <pre>
 * table  = data block ... , metadata block, index block, footer
 * block  = entry ... , offsets of restarts (4 bytes each), their number (4), type (1), crc (4)
 * entry  = varint shared, varint unshared, varint length of the value, rest of the key, value
 * footer = handle of the metadata block, handle of the index block, zeros up to 40 bytes, magic (8)
 * handle = varint offset, varint size (without type and crc)
 * </pre>
 *
 * A key shares its first bytes with the one before, except at a restart. The index block holds, for
 * each data block, a key that is not below the block's last and below the next one's first, and the
 * block's handle. Every byte is checked, also where checksums are right: a file may be made to
 * harm.
 */
final class Table {
  private static final long MAGIC = 0xdb4775248b80fb57L;
  private static final int FOOTER = 48;
  private static final int HANDLES = 40;
  private static final int TRAILER = 5;

  /** Keys of real checkpoints have some hundred bytes; without a bound, sharing multiplies them. */
  private static final int LONGEST_KEY = 8192;

  private final byte[] file;

  private Table(byte[] file) {
    this.file = file;
  }

  private record Handle(long offset, long size) {
    static Handle read(Bytes bytes) throws DamagedException {
      return new Handle(bytes.varint64(), bytes.varint64());
    }
  }

  /** Takes the rows one by one, in the order of their keys. */
  @FunctionalInterface
  interface Rows {
    void row(byte[] key, byte[] value) throws DamagedException;
  }

  /** Reads a whole table. */
  static void read(byte[] file, Rows rows) throws DamagedException {
    new Table(file).read(rows);
  }

  private void read(Rows rows) throws DamagedException {
    int end = file.length - FOOTER;
    check(end >= 0, "it has %s bytes, fewer than the %s of its end", file.length, FOOTER);
    long magic =
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(file.length - Long.BYTES);
    check(magic == MAGIC, "its end is not that of a checkpoint's index");
    Bytes footer = new Bytes(file, end, HANDLES, "the footer");
    Handle metadata = Handle.read(footer);
    Handle index = Handle.read(footer);
    for (int at = end + footer.position(); at < end + HANDLES; at++) {
      check(file[at] == 0, "its footer is not padded with zeros");
    }
    List<byte[]> separators = new ArrayList<>();
    List<Handle> blocks = new ArrayList<>();
    block(
        index,
        "the index block",
        (key, value) -> {
          Bytes bytes = new Bytes(value, 0, value.length, "a block's handle");
          blocks.add(Handle.read(bytes));
          check(bytes.isAtEnd(), "a block's handle is followed by other bytes");
          separators.add(key);
        });
    long next = 0;
    Ascending keys = new Ascending(rows);
    for (int i = 0; i < blocks.size(); i++) {
      Handle block = blocks.get(i);
      check(block.offset() == next, "a block is at offset %s, not %s", block.offset(), next);
      keys.upTo(separators.get(i));
      block(block, "the block at offset " + next, keys);
      next = after(block);
    }
    check(
        metadata.offset() == next,
        "its metadata are at offset %s, not %s",
        metadata.offset(),
        next);
    block(metadata, "the metadata block", (key, value) -> {});
    check(index.offset() == after(metadata), "its index block is not behind the metadata");
    check(after(index) == end, "its footer is not behind the index block");
  }

  private static long after(Handle block) {
    return block.offset() + block.size() + TRAILER; // block() has checked that both are in the file
  }

  private void block(Handle block, String name, Rows rows) throws DamagedException {
    long room = (long) file.length - FOOTER - TRAILER;
    check(
        block.offset() <= room && block.size() <= room - block.offset(),
        "%s of %s bytes at offset %s reaches past the end",
        name,
        block.size(),
        block.offset());
    int from = (int) block.offset();
    int size = (int) block.size();
    int stored = new Bytes(file, from + size + 1, Integer.BYTES, name).fixed32();
    check(MaskedCrc.of(file, from, size + 1) == stored, "%s has a wrong checksum", name);
    check(file[from + size] == 0, "%s is compressed, which checkpoints are not", name);
    int[] restarts = restarts(from, size, name);
    entries(
        new Bytes(file, from, size - Integer.BYTES * (restarts.length + 1), name),
        restarts,
        name,
        rows);
  }

  private int[] restarts(int from, int size, String name) throws DamagedException {
    check(size >= 2 * Integer.BYTES, "%s has only %s bytes", name, size);
    int number = new Bytes(file, from + size - Integer.BYTES, Integer.BYTES, name).fixed32();
    check(
        number >= 1 && number <= size / Integer.BYTES - 1,
        "%s of %s bytes claims %s restarts",
        name,
        size,
        Integer.toUnsignedString(number));
    int array = size - Integer.BYTES * (number + 1);
    Bytes bytes = new Bytes(file, from + array, Integer.BYTES * number, name);
    int[] restarts = new int[number];
    for (int i = 0; i < number; i++) {
      restarts[i] = bytes.fixed32();
    }
    return restarts;
  }

  private static void entries(Bytes bytes, int[] restarts, String name, Rows rows)
      throws DamagedException {
    check(restarts[0] == 0, "%s does not start with a restart", name);
    byte[] key = new byte[0];
    boolean first = true;
    int restart = 0;
    while (!bytes.isAtEnd()) {
      boolean isRestart = restart < restarts.length && restarts[restart] == bytes.position();
      int shared = bytes.varint32();
      int unshared = bytes.varint32();
      int length = bytes.varint32();
      check(
          shared <= key.length && !(isRestart && shared > 0),
          "an entry of %s shares %s bytes with a key of %s",
          name,
          shared,
          isRestart ? 0 : key.length);
      check(
          unshared <= LONGEST_KEY - Math.min(shared, LONGEST_KEY),
          "a key of %s has more than %s bytes",
          name,
          LONGEST_KEY);
      byte[] next = bytes.append(key, shared, unshared);
      check(
          first || Arrays.compareUnsigned(key, next) < 0, "the keys of %s are not in order", name);
      rows.row(next, bytes.append(new byte[0], 0, length));
      key = next;
      first = false;
      restart += isRestart ? 1 : 0;
    }
    check(
        restart == restarts.length || (first && restarts.length == 1),
        "%s has a restart that is not at an entry",
        name);
  }

  /** Checks the order of keys across blocks, and that each is within what the index block says. */
  private static final class Ascending implements Rows {
    private final Rows rows;
    private byte[] last = new byte[0];
    private byte[] bound = new byte[0];
    private boolean started;

    Ascending(Rows rows) {
      this.rows = rows;
    }

    void upTo(byte[] separator) {
      if (started) {
        last = bound;
      }
      bound = separator;
    }

    @Override
    public void row(byte[] key, byte[] value) throws DamagedException {
      check(!started || Arrays.compareUnsigned(last, key) < 0, "its keys are not in order");
      check(Arrays.compareUnsigned(key, bound) <= 0, "a key is in the wrong block");
      rows.row(key, value);
      last = key;
      started = true;
    }
  }
}
