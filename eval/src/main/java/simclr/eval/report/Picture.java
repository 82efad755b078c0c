package simclr.eval.report;

import static com.google.common.base.Preconditions.checkArgument;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/**
 * A sheet of small images in rows and columns.
 *
 * @param title what it shows
 * @param caption how to read it
 * @param png the sheet as a PNG file, base64
 * @param width of the sheet in pixels
 * @param height of the sheet in pixels
 */
public record Picture(String title, String caption, String png, int width, int height)
    implements Block {
  private static final int GAP = 4;

  /** A few small images need not fill a wide page. */
  private static final int MOST_ZOOM = 4;

  /**
   * Lays images out.
   *
   * @param columns each a list of square images, top to bottom, as rows of RGB bytes
   * @param size side of every image in pixels
   * @param gapBelow index of the row below which a wider gap parts the sheet, or -1
   */
  public static Picture sheet(
      String title, String caption, List<List<byte[]>> columns, int size, int gapBelow) {
    int rows = columns.stream().mapToInt(List::size).max().orElse(0);
    checkArgument(rows > 0, "columns must not be empty");
    int width = columns.size() * (size + GAP) - GAP;
    int height = rows * (size + GAP) - GAP + (gapBelow < 0 ? 0 : 2 * GAP);
    BufferedImage sheet = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
    for (int column = 0; column < columns.size(); column++) {
      List<byte[]> images = columns.get(column);
      for (int row = 0; row < images.size(); row++) {
        int extra = gapBelow >= 0 && row > gapBelow ? 2 * GAP : 0;
        paint(sheet, column * (size + GAP), row * (size + GAP) + extra, images.get(row), size);
      }
    }
    return new Picture(title, caption, base64(sheet), width, height);
  }

  @Override
  public String html() {
    return String.format(
        Locale.ROOT,
        """
        <div class="card"><img class="sheet" style="max-width:%dpx" width="%d" height="%d" alt="%s"
        src="data:image/png;base64,%s"></div>
        <p class="caption">%s</p>
        """,
        MOST_ZOOM * width,
        width,
        height,
        HtmlReport.escape(title),
        png,
        HtmlReport.escape(caption));
  }

  private static void paint(BufferedImage sheet, int left, int top, byte[] rgb, int size) {
    checkArgument(
        rgb.length == 3 * size * size, "image has %s bytes, expected side %s", rgb.length, size);
    for (int i = 0; i < size * size; i++) {
      int red = Byte.toUnsignedInt(rgb[3 * i]);
      int green = Byte.toUnsignedInt(rgb[3 * i + 1]);
      int blue = Byte.toUnsignedInt(rgb[3 * i + 2]);
      sheet.setRGB(left + i % size, top + i / size, 0xff000000 | red << 16 | green << 8 | blue);
    }
  }

  private static String base64(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // A byte array takes everything.
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
