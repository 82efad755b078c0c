package simclr.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.primitives.Bytes;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.image.ImageHeader.Format;
import simclr.data.image.ImageHeader.Unusable;

/** The header reader against TensorFlow's decoder: what one takes, the other must take. */
final class ImageHeaderTest {
  private final Path dir;

  ImageHeaderTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void everyKindThatJavaWritesIsReadAndDecoded() throws Exception {
    assertReadAndDecoded(TestImages.png(7, 5), new ImageHeader(Format.PNG, 7, 5, 3, 8));
    assertReadAndDecoded(png(BufferedImage.TYPE_INT_ARGB), new ImageHeader(Format.PNG, 7, 5, 4, 8));
    assertReadAndDecoded(
        png(BufferedImage.TYPE_BYTE_GRAY), new ImageHeader(Format.PNG, 7, 5, 1, 8));
    assertReadAndDecoded(
        png(BufferedImage.TYPE_USHORT_GRAY), new ImageHeader(Format.PNG, 7, 5, 1, 16));
    assertReadAndDecoded(
        png(BufferedImage.TYPE_BYTE_INDEXED), new ImageHeader(Format.PNG, 7, 5, 3, 8));
    assertReadAndDecoded(
        png(BufferedImage.TYPE_BYTE_BINARY), new ImageHeader(Format.PNG, 7, 5, 1, 1));
    assertReadAndDecoded(deepPng(), new ImageHeader(Format.PNG, 4, 3, 3, 16));
    assertReadAndDecoded(TestImages.jpeg(7, 5), new ImageHeader(Format.JPEG, 7, 5, 3, 8));
    assertReadAndDecoded(
        TestImages.encoded("jpg", BufferedImage.TYPE_BYTE_GRAY, 9, 8),
        new ImageHeader(Format.JPEG, 9, 8, 1, 8));
    assertReadAndDecoded(TestImages.cmykJpeg(16, 8), new ImageHeader(Format.JPEG, 16, 8, 4, 8));
    assertReadAndDecoded(gif(), new ImageHeader(Format.GIF, 7, 5, 3, 8));
    assertReadAndDecoded(gifOnScreenOfOnePixel(), new ImageHeader(Format.GIF, 7, 5, 3, 8));
    assertReadAndDecoded(bmp(BufferedImage.TYPE_INT_RGB), new ImageHeader(Format.BMP, 7, 5, 3, 8));
  }

  /** A truncated image must not wait for the decoder to be found: the decoder fails on it too. */
  @Test
  void everyTruncationIsRefused() {
    for (byte[] whole :
        new byte[][] {
          TestImages.png(3, 4), TestImages.jpeg(9, 8), gif(), bmp(BufferedImage.TYPE_INT_RGB)
        }) {
      for (int length = 0; length < whole.length; length++) {
        byte[] cut = Arrays.copyOf(whole, length);
        assertThatThrownBy(() -> ImageHeader.of(cut))
            .as("%s of %s bytes", length, whole.length)
            .isInstanceOf(Unusable.class);
      }
    }
  }

  @Test
  void aFileIsReadLikeItsBytesWhereverItIsCut() throws Exception {
    byte[] whole = TestImages.jpeg(300, 200);
    assertThat(whole.length).isGreaterThan(3 * 4096);
    Path file = dir.resolve("big.jpg");
    for (int length : new int[] {4095, 4096, 4097, 8192, whole.length - 1}) {
      TfdsWriter.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> ImageHeader.of(file)).isInstanceOf(Unusable.class);
    }
    TfdsWriter.write(file, whole);
    assertThat(ImageHeader.of(file)).isEqualTo(new ImageHeader(Format.JPEG, 300, 200, 3, 8));
  }

  @Test
  void bytesBehindTheEndOfAJpegDoNotMatter() throws Exception {
    byte[] jpeg = TestImages.jpeg(7, 5);
    assertThat(ImageHeader.of(Arrays.copyOf(jpeg, jpeg.length + 999)).width()).isEqualTo(7);
  }

  @Test
  void whatTheDecoderWouldMisreadIsRefusedByKind() throws Exception {
    // TensorFlow takes the palette's indices for grey.
    assertRefused(bmp(BufferedImage.TYPE_BYTE_INDEXED), "is a BMP of 8 bits");
    assertRefused(new byte[0], "is empty");
    assertRefused("<svg/>".getBytes(StandardCharsets.US_ASCII), "is not a PNG, JPEG, GIF or BMP");
    byte[] lossless = TestImages.jpeg(7, 5);
    int frame = indexOf(lossless, new byte[] {(byte) 0xff, (byte) 0xc0});
    lossless[frame + 1] = (byte) 0xc3;
    assertRefused(lossless, "frame type 3, expected 8 bits and baseline or progressive");
    byte[] twelveBits = TestImages.jpeg(7, 5);
    twelveBits[frame + 4] = 12;
    assertRefused(twelveBits, "is a JPEG of 12 bits");
    byte[] empty = TestImages.png(7, 5);
    empty[19] = 0;
    assertRefused(empty, "has 0 x 5 pixels");
    byte[] odd = TestImages.png(7, 5);
    odd[24] = 3;
    assertRefused(odd, "PNG colour type 2 with 3 bits");
  }

  private void assertReadAndDecoded(byte[] image, ImageHeader header) throws Unusable {
    assertThat(ImageHeader.of(image)).isEqualTo(header);
    assertThat(TestImages.decodes(image)).as("%s", header).isTrue();
    Path file = dir.resolve("image");
    TfdsWriter.write(file, image);
    assertThat(ImageHeader.of(file)).isEqualTo(header);
  }

  private static void assertRefused(byte[] image, String why) {
    assertThatThrownBy(() -> ImageHeader.of(image))
        .isInstanceOf(Unusable.class)
        .hasMessageContaining(why);
  }

  private static byte[] png(int kind) {
    return TestImages.encoded("png", kind, 7, 5);
  }

  private static byte[] bmp(int kind) {
    return TestImages.encoded("bmp", kind, 7, 5);
  }

  private static byte[] gifOnScreenOfOnePixel() {
    byte[] gif = gif();
    gif[6] = 1;
    gif[8] = 1;
    return gif;
  }

  private static byte[] gif() {
    return TestImages.encoded("gif", BufferedImage.TYPE_BYTE_INDEXED, 7, 5);
  }

  private static byte[] deepPng() throws IOException {
    ComponentColorModel rgb16 =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_sRGB),
            false,
            false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_USHORT);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(
        new BufferedImage(rgb16, rgb16.createCompatibleWritableRaster(4, 3), false, null),
        "png",
        out);
    return out.toByteArray();
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    return Bytes.indexOf(bytes, wanted);
  }
}
