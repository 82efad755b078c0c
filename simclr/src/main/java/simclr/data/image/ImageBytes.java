package simclr.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** The bytes of an image at any offset; of a file, only the blocks asked for are read. */
final class ImageBytes implements AutoCloseable {
  private static final int BLOCK = 4096;

  private final @Nullable FileChannel file;
  private final long size;
  private ByteBuffer block;
  private long blockStart;

  ImageBytes(byte[] bytes) {
    this.file = null;
    this.size = bytes.length;
    this.block = ByteBuffer.wrap(bytes);
  }

  ImageBytes(Path path) throws IOException, ImageHeader.Unusable {
    // Opening a pipe waits for its writer.
    if (Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
      throw new ImageHeader.Unusable("is a pipe or a device, expected an image");
    }
    this.file = FileChannel.open(path);
    this.size = file.size();
    this.block = ByteBuffer.allocate(BLOCK).limit(0);
  }

  long size() {
    return size;
  }

  /** The byte at an offset, 0 to 255. */
  int at(long offset) throws ImageHeader.Unusable {
    requireUpTo(offset + 1);
    if (offset < blockStart || offset >= blockStart + block.limit()) {
      load(offset);
    }
    return block.get((int) (offset - blockStart)) & 0xff;
  }

  int bigShort(long offset) throws ImageHeader.Unusable {
    return at(offset) << 8 | at(offset + 1);
  }

  int bigInt(long offset) throws ImageHeader.Unusable {
    return bigShort(offset) << 16 | bigShort(offset + 2);
  }

  int littleShort(long offset) throws ImageHeader.Unusable {
    return at(offset) | at(offset + 1) << 8;
  }

  int littleInt(long offset) throws ImageHeader.Unusable {
    return littleShort(offset) | littleShort(offset + 2) << 16;
  }

  /** Fails unless there are at least so many bytes. */
  void requireUpTo(long end) throws ImageHeader.Unusable {
    if (end < 0 || end > size) {
      throw new ImageHeader.Unusable("is truncated after " + size + " bytes");
    }
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }

  private void load(long offset) throws ImageHeader.Unusable {
    FileChannel channel = file;
    if (channel == null) {
      throw new IllegalStateException("offset " + offset + " is not within the array");
    }
    blockStart = offset / BLOCK * BLOCK;
    block.clear();
    try {
      while (block.hasRemaining() && channel.read(block, blockStart + block.position()) > 0) {}
    } catch (IOException e) {
      throw new ImageHeader.Unusable("cannot be read: " + e.getMessage());
    }
    block.flip();
    if (offset >= blockStart + block.limit()) {
      throw new ImageHeader.Unusable("became shorter while it was read");
    }
  }
}
