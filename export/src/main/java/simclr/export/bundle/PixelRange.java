package simclr.export.bundle;

import java.util.function.IntFunction;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Good weights look random on images of another range: that is refused, not computed. */
public final class PixelRange {
  private PixelRange() {}

  /**
   * Fails unless all values are in [0, 1].
   *
   * @param pixels of some images, one behind the other
   * @param perImage values of an image
   * @param name what to call the image of a number
   * @throws UserException (data) that names image, value and range
   */
  public static void require(float[] pixels, int perImage, IntFunction<String> name) {
    for (int i = 0; i < pixels.length; i++) {
      float value = pixels[i];
      // NaN fails both.
      if (!(value >= 0 && value <= 1)) {
        String range = value > 1 ? " (it looks like 0 to 255)" : "";
        throw new UserException(
            ExitCode.DATA,
            "%s has the value %s%s, expected values in [0, 1]: bytes divided by 255, without mean"
                + " and deviation",
            name.apply(i / perImage),
            value,
            value >= 2 ? range : "");
      }
    }
  }
}
