package simclr.io;

import com.google.common.primitives.ImmutableLongArray;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * An uncompressed TFRecord file, read from its first record to its last; event files and warm-up
 * requests are such files too.
 *
 * <pre>
 *   file   = { record }
 *   record = length:uint64 masked_crc(length):uint32 data:byte[length] masked_crc(data):uint32
 *   masked_crc(x) = rotate_right(crc32c(x), 15) + 0xa282ead8
 * </pre>
 *
 * All numbers are little endian. Whatever does not fit this grammar is an error that names the
 * file, the record (from 0) and the offset where the record begins.
 */
public final class TfRecordFile implements AutoCloseable {
  private static final int HEADER_BYTES = 12;
  private static final int FOOTER_BYTES = 4;

  private final Path path;
  private final long size;
  private final InputStream in;
  private long record;
  private long offset;

  private TfRecordFile(Path path, int bufferBytes) throws IOException {
    this.path = path;
    this.size = Files.size(path);
    this.in = new BufferedInputStream(Files.newInputStream(path), bufferBytes);
  }

  /**
   * Opens a file for {@link #next()}.
   *
   * @throws UserException (no input) if there is no such file or it cannot be read
   */
  public static TfRecordFile open(Path path) {
    return open(path, 1 << 18);
  }

  /** Appends a record to what is written to {@code out}. */
  public static void append(OutputStream out, byte[] data) throws IOException {
    byte[] length = littleEndian(new byte[Long.BYTES]).putLong(data.length).array();
    out.write(length);
    out.write(
        littleEndian(new byte[Integer.BYTES]).putInt(MaskedCrc.of(length, 0, Long.BYTES)).array());
    out.write(data);
    out.write(
        littleEndian(new byte[Integer.BYTES]).putInt(MaskedCrc.of(data, 0, data.length)).array());
  }

  /**
   * Counts the records of a file by their headers, without reading or checking their data.
   *
   * @throws UserException (data) if a header is broken or the last record is not whole
   */
  public static long count(Path path) {
    // A record of images is larger than this: what is read ahead of a header is thrown away.
    try (TfRecordFile file = open(path, 1 << 9)) {
      while (file.skip()) {}
      return file.record;
    }
  }

  /**
   * Where the records of a file begin, by the headers as {@link #count}.
   *
   * @param most records, behind which nothing is looked at
   * @throws UserException (data) if a header is broken or the last record is not whole
   */
  public static long[] offsets(Path path, long most) {
    ImmutableLongArray.Builder offsets = ImmutableLongArray.builder();
    try (TfRecordFile file = open(path, 1 << 9)) {
      long begin = file.offset;
      while (file.record < most && file.skip()) {
        offsets.add(begin);
        begin = file.offset;
      }
    }
    return offsets.build().toArray();
  }

  /** Records read so far. */
  public long records() {
    return record;
  }

  /**
   * The data of the next record, or null behind the last one.
   *
   * @throws UserException (data) if the record is truncated or fails a checksum; where only its
   *     data fail it is passed over, and the record behind it can be read
   */
  public byte @Nullable [] next() {
    try {
      if (offset == size) {
        return null;
      }
      long length = header();
      byte[] data = in.readNBytes((int) length);
      byte[] footer = in.readNBytes(FOOTER_BYTES);
      if (footer.length < FOOTER_BYTES) {
        throw truncated("the file became shorter while it was read");
      }
      if (MaskedCrc.of(data, 0, data.length) != littleEndian(footer).getInt()) {
        UserException corrupt = corrupt("its data fail their checksum");
        advance(length);
        throw corrupt;
      }
      advance(length);
      return data;
    } catch (IOException e) {
      throw UnreadableInput.of(path, e, "a TFRecord file");
    }
  }

  /**
   * The data of the next record, or null behind the last whole one: a process that was killed while
   * it wrote leaves a truncated or corrupt record at the end.
   */
  public byte @Nullable [] nextWhole() {
    try {
      return next();
    } catch (UserException e) {
      if (e.exitCode() == ExitCode.DATA) {
        return null;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw UnreadableInput.of(path, e, "a TFRecord file");
    }
  }

  private static TfRecordFile open(Path path, int bufferBytes) {
    try {
      return new TfRecordFile(path, bufferBytes);
    } catch (IOException e) {
      throw UnreadableInput.of(path, e, "a TFRecord file");
    }
  }

  private boolean skip() {
    try {
      if (offset == size) {
        return false;
      }
      long length = header();
      in.skipNBytes(length + FOOTER_BYTES);
      advance(length);
      return true;
    } catch (IOException e) {
      throw UnreadableInput.of(path, e, "a TFRecord file");
    }
  }

  /** Reads a header, and the length in it if the whole record lies within the file. */
  private long header() throws IOException {
    byte[] header = in.readNBytes(HEADER_BYTES);
    if (header.length < HEADER_BYTES) {
      throw truncated("only " + header.length + " bytes of its header are there");
    }
    ByteBuffer fields = littleEndian(header);
    long length = fields.getLong();
    if (MaskedCrc.of(header, 0, Long.BYTES) != fields.getInt()) {
      throw corrupt("its length fails its checksum");
    }
    long there = size - offset - HEADER_BYTES - FOOTER_BYTES;
    if (length < 0 || length > there) {
      throw truncated(Math.max(0, there) + " of its " + length + " bytes are there");
    }
    if (length > Integer.MAX_VALUE - 8) {
      throw corrupt("it has " + length + " bytes, more than 2 GiB");
    }
    return length;
  }

  private void advance(long length) {
    record++;
    offset += HEADER_BYTES + length + FOOTER_BYTES;
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private UserException truncated(String why) {
    return new UserException(
        ExitCode.DATA, "%s is truncated in record %s at offset %s: %s", path, record, offset, why);
  }

  private UserException corrupt(String why) {
    return new UserException(
        ExitCode.DATA, "%s is corrupt in record %s at offset %s: %s", path, record, offset, why);
  }
}
