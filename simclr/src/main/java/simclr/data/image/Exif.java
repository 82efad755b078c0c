package simclr.data.image;

/**
 * The orientation that EXIF data give an image.
 *
 * <pre>
 *   exif  = order:("II" or "MM") 42:uint16 ifd:uint32 ...
 *   ifd   = count:uint16 { entry }
 *   entry = tag:uint16 type:uint16 count:uint32 value:byte[4]
 * </pre>
 */
final class Exif {
  /** The pixels stand as they are stored. */
  static final int UPRIGHT = 1;

  private static final int ORIENTATION = 0x0112;
  private static final int SHORT = 3;
  private static final int ENTRY_BYTES = 12;

  /** More than any camera writes. */
  private static final int MOST_ENTRIES = 512;

  private Exif() {}

  /** Whether the contents of a JPEG's APP1 segment are EXIF data, which begin 6 bytes behind. */
  static boolean beginsAt(ImageBytes bytes, long offset) throws ImageHeader.Unusable {
    return offset + 6 <= bytes.size()
        && bytes.bigInt(offset) == 0x45786966
        && bytes.bigShort(offset + 4) == 0;
  }

  /** From 1 to 8; broken EXIF data, which no decoder looks at, count as upright. */
  static int orientation(ImageBytes bytes, long start) {
    try {
      int order = bytes.bigShort(start);
      if (order != 0x4949 && order != 0x4d4d) {
        return UPRIGHT;
      }
      boolean little = order == 0x4949;
      long directory = start + Integer.toUnsignedLong(number(bytes, start + 4, little));
      int entries = Math.min(MOST_ENTRIES, shortNumber(bytes, directory, little));
      for (int i = 0; i < entries; i++) {
        long entry = directory + 2 + (long) i * ENTRY_BYTES;
        if (shortNumber(bytes, entry, little) == ORIENTATION
            && shortNumber(bytes, entry + 2, little) == SHORT) {
          int value = shortNumber(bytes, entry + 8, little);
          return value >= 1 && value <= 8 ? value : UPRIGHT;
        }
      }
      return UPRIGHT;
    } catch (ImageHeader.Unusable e) {
      return UPRIGHT;
    }
  }

  private static int shortNumber(ImageBytes bytes, long offset, boolean little)
      throws ImageHeader.Unusable {
    return little ? bytes.littleShort(offset) : bytes.bigShort(offset);
  }

  private static int number(ImageBytes bytes, long offset, boolean little)
      throws ImageHeader.Unusable {
    return little ? bytes.littleInt(offset) : bytes.bigInt(offset);
  }
}
