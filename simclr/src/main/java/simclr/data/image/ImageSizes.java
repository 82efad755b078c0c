package simclr.data.image;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;

/**
 * How many images of a split have which size.
 *
 * @param counts by size, those of the first image first
 */
public record ImageSizes(ImmutableMap<Size, Long> counts) {

  /** In pixels. */
  public record Size(int width, int height) {
    @Override
    public String toString() {
      return width + " x " + height;
    }

    boolean isSquareOf(int side) {
      return width == side && height == side;
    }
  }

  /** How many images are not squares of {@code side} pixels. */
  public long others(int side) {
    return counts.entrySet().stream()
        .filter(each -> !each.getKey().isSquareOf(side))
        .mapToLong(each -> each.getValue())
        .sum();
  }

  /** A size of an image that is not such a square. */
  public Optional<Size> firstOther(int side) {
    return counts.keySet().stream().filter(size -> !size.isSquareOf(side)).findFirst();
  }
}
