package simclr.data.image;

import com.google.common.base.Splitter;
import com.google.common.base.Strings;
import java.nio.file.Path;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Encoded images from outside, looked at before TensorFlow decodes them: a few bytes can announce
 * more pixels than a machine has memory for.
 */
public final class EncodedImages {
  /** Most pixels of an image: 50 megapixels, which take 600 MB as floats. */
  public static final long MOST_PIXELS = 50_000_000;

  private EncodedImages() {}

  /**
   * Reads the head of an image.
   *
   * @param name of the image, for the message
   * @return the number of its pixels
   * @throws UserException (data) if it is empty, truncated, of no known kind, or too large
   */
  public static long requirePixels(byte[] image, String name) {
    try {
      return ImageHeader.of(image).pixels();
    } catch (ImageHeader.Unusable e) {
      throw new UserException(ExitCode.DATA, "%s", name + " " + e.getMessage());
    }
  }

  /**
   * Reads the head of an image file, not more.
   *
   * @throws UserException as above, or if the file cannot be read
   */
  public static long requirePixels(Path file) {
    try {
      return ImageHeader.of(file).pixels();
    } catch (ImageHeader.Unusable e) {
      throw new UserException(ExitCode.DATA, "%s", file + " " + e.getMessage());
    }
  }

  /** The error of an image whose head is in order and which TensorFlow refused to decode. */
  public static UserException undecodable(String name, RuntimeException refusal) {
    String message = Strings.nullToEmpty(refusal.getMessage()).strip();
    // What follows in the message names nodes of the graph.
    String reason = Splitter.onPattern("\n|\\[\\[").splitToList(message).get(0).strip();
    return new UserException(
        ExitCode.DATA,
        "%s cannot be decoded (%s), expected a PNG, JPEG, GIF or BMP image",
        name,
        reason);
  }
}
