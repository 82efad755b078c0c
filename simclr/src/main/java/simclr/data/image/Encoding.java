package simclr.data.image;

import com.google.common.base.Preconditions;

/** How the bytes of an example become pixels inside the graph. */
public sealed interface Encoding {

  /**
   * PNG, JPEG, GIF or BMP, each told by its first bytes. {@code DecodeImage} with three channels
   * reads all that a source lets through: it widens grey, drops alpha and the low byte of 16-bit
   * PNG, and converts CMYK.
   */
  record Compressed() implements Encoding {}

  /**
   * Bare uint8 RGB of one size.
   *
   * @param planar true: all red values, then green, then blue (3, height, width); false: pixel by
   *     pixel (height, width, 3)
   */
  record Raw(int height, int width, boolean planar) implements Encoding {
    public Raw {
      Preconditions.checkArgument(
          height > 0 && width > 0, "size (%s x %s) must be > 0", height, width);
    }

    /** Bytes of one image. */
    public int bytes() {
      return 3 * height * width;
    }
  }
}
