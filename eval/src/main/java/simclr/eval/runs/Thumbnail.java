package simclr.eval.runs;

/** Images of a page: small enough to stand by the dozen. */
final class Thumbnail {
  /** Larger sides are shrunk by a whole factor. */
  private static final int MOST_PIXELS = 80;

  private Thumbnail() {}

  /** The side that an image of a side gets. */
  static int side(int size) {
    return size / factor(size);
  }

  /**
   * Averages blocks of pixels.
   *
   * @param rgb rows of RGB bytes of a square image
   * @param size its side
   */
  static byte[] of(byte[] rgb, int size) {
    int factor = factor(size);
    if (factor == 1) {
      return rgb;
    }
    int side = size / factor;
    byte[] small = new byte[3 * side * side];
    for (int i = 0; i < small.length; i++) {
      int left = i / 3 % side * factor;
      int top = i / 3 / side * factor;
      int sum = 0;
      for (int y = top; y < top + factor; y++) {
        for (int x = left; x < left + factor; x++) {
          sum += Byte.toUnsignedInt(rgb[3 * (y * size + x) + i % 3]);
        }
      }
      small[i] = (byte) Math.round(sum / (float) (factor * factor));
    }
    return small;
  }

  private static int factor(int size) {
    return (size + MOST_PIXELS - 1) / MOST_PIXELS;
  }
}
