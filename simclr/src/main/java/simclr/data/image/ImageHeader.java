package simclr.data.image;

import com.google.common.base.Ascii;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What the head of an image file says, and whether the file is whole and of a kind that {@code
 * DecodeImage} turns into 8-bit RGB. Pixels are not decoded.
 *
 * @param channels as stored: 1 grey, 2 grey with alpha, 3 colour, 4 colour with alpha or CMYK
 * @param bits per channel, 16 at most
 * @param orientation of EXIF: 1 as stored, 2 to 8 turned or mirrored
 */
public record ImageHeader(
    Format format, int width, int height, int channels, int bits, int orientation) {
  private static final int PNG = 0x89504e47;
  private static final int GIF = 0x47494638;
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;
  private static final int EXIF_CHUNK = 0x65584966;

  /** An image without orientation. */
  ImageHeader(Format format, int width, int height, int channels, int bits) {
    this(format, width, height, channels, bits, Exif.UPRIGHT);
  }

  public enum Format {
    PNG,
    JPEG,
    GIF,
    BMP;

    @Override
    public String toString() {
      return Ascii.toLowerCase(name());
    }
  }

  /** An image that cannot be used; the message is a predicate: "is truncated ...". */
  public static final class Unusable extends Exception {
    private static final long serialVersionUID = 1L;

    Unusable(String message) {
      super(message);
    }
  }

  /** Reads the head of an image, and where the format needs it its end. */
  public static ImageHeader of(byte[] image) throws Unusable {
    return of(new ImageBytes(image));
  }

  /** The same for a file, of which a few blocks are read. */
  public static ImageHeader of(Path file) throws Unusable {
    try (ImageBytes bytes = new ImageBytes(file)) {
      return of(bytes);
    } catch (NoSuchFileException e) {
      throw new Unusable(
          Files.isSymbolicLink(file)
              ? "is a link to what is not there, expected an image"
              : "is missing, expected an image");
    } catch (IOException e) {
      throw new Unusable("cannot be read: " + e.getMessage());
    }
  }

  long pixels() {
    return (long) width * height;
  }

  int smallestSide() {
    return Math.min(width, height);
  }

  /** Whether a viewer shows it turned or mirrored; {@code DecodeImage} does not. */
  boolean turned() {
    return orientation != Exif.UPRIGHT;
  }

  boolean grey() {
    return channels < 3;
  }

  private ImageHeader oriented(int exif) {
    return new ImageHeader(format, width, height, channels, bits, exif);
  }

  private static ImageHeader of(ImageBytes bytes) throws Unusable {
    ImageHeader header = parse(bytes);
    if (header.pixels() > EncodedImages.MOST_PIXELS) {
      throw new Unusable(
          String.format(
              Locale.ROOT,
              "has %s x %s pixels, expected at most %s million",
              header.width(),
              header.height(),
              EncodedImages.MOST_PIXELS / 1_000_000));
    }
    return header;
  }

  private static ImageHeader parse(ImageBytes bytes) throws Unusable {
    if (bytes.size() == 0) {
      throw new Unusable("is empty, expected an image");
    }
    if (bytes.size() >= 4) {
      int first = bytes.bigInt(0);
      if (first == PNG) {
        return png(bytes);
      } else if (first == GIF) {
        return gif(bytes);
      } else if (first >>> 8 == 0xffd8ff) {
        return jpeg(bytes);
      } else if (first >>> 16 == 0x424d) {
        return bmp(bytes);
      }
    }
    throw new Unusable("is not a PNG, JPEG, GIF or BMP image");
  }

  private static ImageHeader png(ImageBytes bytes) throws Unusable {
    if (bytes.bigInt(4) != 0x0d0a1a0a || bytes.bigInt(8) != 13 || bytes.bigInt(12) != IHDR) {
      throw new Unusable("has a broken PNG header");
    }
    int bits = bytes.at(24);
    int colour = bytes.at(25);
    // Grey, RGB, palette, grey with alpha, RGBA: what bit depths each may have.
    boolean depthFits =
        switch (colour) {
          case 0 -> bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
          case 3 -> bits == 1 || bits == 2 || bits == 4 || bits == 8;
          case 2, 4, 6 -> bits == 8 || bits == 16;
          default -> false;
        };
    if (!depthFits) {
      throw new Unusable("has PNG colour type " + colour + " with " + bits + " bits, not a PNG's");
    }
    boolean palette = false;
    boolean data = false;
    int orientation = Exif.UPRIGHT;
    long offset = 8;
    int type;
    do {
      long length = Integer.toUnsignedLong(bytes.bigInt(offset));
      type = bytes.bigInt(offset + 4);
      palette |= type == PLTE;
      data |= type == IDAT;
      if (type == EXIF_CHUNK) {
        orientation = Exif.orientation(bytes, offset + 8);
      }
      offset += 12 + length;
      bytes.requireUpTo(offset);
    } while (type != IEND);
    if (!data || (colour == 3 && !palette)) {
      throw new Unusable("has no " + (data ? "palette" : "pixels") + ", expected a whole PNG");
    }
    int channels =
        switch (colour) {
          case 0 -> 1;
          case 4 -> 2;
          case 6 -> 4;
          default -> 3;
        };
    return sized(Format.PNG, bytes.bigInt(16), bytes.bigInt(20), channels, bits)
        .oriented(orientation);
  }

  private static ImageHeader jpeg(ImageBytes bytes) throws Unusable {
    ImageHeader header = null;
    int orientation = Exif.UPRIGHT;
    long offset = 2;
    while (true) {
      // As libjpeg does, pass over bytes that belong to no segment.
      while (bytes.at(offset) != 0xff) {
        offset++;
      }
      while (bytes.at(offset) == 0xff) {
        offset++;
      }
      int marker = bytes.at(offset++);
      if (marker == 0xda) {
        break;
      }
      if (marker == 0xd9) {
        throw new Unusable("has no pixels, expected a whole JPEG");
      }
      // TEM and the restart markers stand alone; all other segments say how long they are.
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
        continue;
      }
      if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
        header = jpegFrame(bytes, marker, offset);
      }
      if (marker == 0xe1 && Exif.beginsAt(bytes, offset + 2)) {
        orientation = Exif.orientation(bytes, offset + 8);
      }
      offset += bytes.bigShort(offset);
    }
    if (header == null) {
      throw new Unusable("has a JPEG scan without a frame");
    }
    // Within a scan 0xff 0xd9 is always the end marker. Some cameras write more behind it.
    for (long end = bytes.size() - 2; end >= offset; end--) {
      if (bytes.at(end) == 0xff && bytes.at(end + 1) == 0xd9) {
        return header.oriented(orientation);
      }
    }
    throw new Unusable("is truncated: it has no end marker");
  }

  private static ImageHeader jpegFrame(ImageBytes bytes, int marker, long offset) throws Unusable {
    int bits = bytes.at(offset + 2);
    int channels = bytes.at(offset + 7);
    if (marker > 0xc2 || bits != 8) {
      throw new Unusable(
          "is a JPEG of "
              + bits
              + " bits with frame type "
              + (marker - 0xc0)
              + ", expected 8 bits and baseline or progressive (0 to 2)");
    }
    if (channels != 1 && channels != 3 && channels != 4) {
      throw new Unusable("is a JPEG of " + channels + " channels, expected 1, 3 or 4");
    }
    return sized(
        Format.JPEG, bytes.bigShort(offset + 5), bytes.bigShort(offset + 3), channels, bits);
  }

  /** The size is that of the largest picture, as the decoder has it: the screen may be any. */
  private static ImageHeader gif(ImageBytes bytes) throws Unusable {
    if ((bytes.at(4) != '7' && bytes.at(4) != '9') || bytes.at(5) != 'a') {
      throw new Unusable("has a broken GIF header");
    }
    int width = 0;
    int height = 0;
    long offset = 13 + colourTable(bytes.at(10));
    while (true) {
      int block = bytes.at(offset);
      if (block == ';') {
        break;
      } else if (block == ',') {
        width = Math.max(width, bytes.littleShort(offset + 5));
        height = Math.max(height, bytes.littleShort(offset + 7));
        offset = subBlocks(bytes, offset + 11 + colourTable(bytes.at(offset + 9)));
      } else if (block == '!') {
        offset = subBlocks(bytes, offset + 2);
      } else {
        throw new Unusable("has a broken GIF block at offset " + offset);
      }
    }
    if (width == 0 && height == 0) {
      throw new Unusable("has no pixels, expected a whole GIF");
    }
    return sized(Format.GIF, width, height, 3, 8);
  }

  /** Bytes of the colour table that a GIF's flags announce. */
  private static long colourTable(int flags) {
    return (flags & 0x80) == 0 ? 0 : 3L << ((flags & 7) + 1);
  }

  private static long subBlocks(ImageBytes bytes, long offset) throws Unusable {
    long end = offset;
    int length;
    do {
      length = bytes.at(end);
      end += 1 + length;
    } while (length > 0);
    return end;
  }

  private static ImageHeader bmp(ImageBytes bytes) throws Unusable {
    int width = bytes.littleInt(18);
    // A negative height says that the rows stand from top to bottom.
    int height = Math.abs(bytes.littleInt(22));
    int bits = bytes.littleShort(28);
    int compression = bytes.littleInt(30);
    if (bits != 24 || compression != 0) {
      throw new Unusable(
          "is a BMP of "
              + bits
              + " bits with compression "
              + compression
              + ", expected 24 bits without");
    }
    long row = (3L * width + 3) / 4 * 4;
    ImageHeader header = sized(Format.BMP, width, height, 3, 8);
    bytes.requireUpTo(Integer.toUnsignedLong(bytes.littleInt(10)) + row * height);
    return header;
  }

  private static ImageHeader sized(Format format, int width, int height, int channels, int bits)
      throws Unusable {
    if (width <= 0 || height <= 0) {
      throw new Unusable("has " + width + " x " + height + " pixels, expected 1 x 1 or more");
    }
    return new ImageHeader(format, width, height, channels, bits);
  }
}
