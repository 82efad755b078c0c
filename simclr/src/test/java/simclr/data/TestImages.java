package simclr.data;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** Encoded images for tests. */
public final class TestImages {
  private TestImages() {}

  /**
   * An image with structure in it.
   *
   * @param kind a type of {@link BufferedImage}
   */
  public static byte[] encoded(String format, int kind, int width, int height) {
    BufferedImage image = new BufferedImage(width, height, kind);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, 0xff000000 | (x * 71 + y * 13) << 16 | (x * y * 7) << 8 | (y * 31));
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(image, format, out)) {
        throw new IllegalArgumentException("no writer of " + format + " for type " + kind);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** Whether TensorFlow's decoder takes an image. */
  public static boolean decodes(byte[] image) {
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TString bytes = TString.tensorOfBytes(NdArrays.scalarOfObject(image))) {
      Ops tf = Ops.create(graph);
      Placeholder<TString> contents = tf.placeholder(TString.class);
      DecodeImage<TUint8> pixels =
          tf.image.decodeImage(
              contents,
              TUint8.class,
              DecodeImage.channels(3L),
              DecodeImage.expandAnimations(false));
      session.runner().feed(contents, bytes).addTarget(pixels).run().close();
      return true;
    } catch (TFInvalidArgumentException e) {
      return false;
    }
  }

  public static byte[] png(int width, int height) {
    return encoded("png", BufferedImage.TYPE_INT_RGB, width, height);
  }

  public static byte[] jpeg(int width, int height) {
    return encoded("jpg", BufferedImage.TYPE_INT_RGB, width, height);
  }

  /** A JPEG with EXIF data that hold nothing but an orientation, in big-endian order. */
  public static byte[] turned(byte[] jpeg, int orientation) {
    byte[] exif = {
      (byte) 0xff,
      (byte) 0xe1,
      0,
      34,
      'E',
      'x',
      'i',
      'f',
      0,
      0,
      'M',
      'M',
      0,
      42,
      0,
      0,
      0,
      8,
      0,
      1,
      1,
      0x12,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      (byte) orientation,
      0,
      0,
      0,
      0,
      0,
      0
    };
    byte[] turned = new byte[jpeg.length + exif.length];
    System.arraycopy(jpeg, 0, turned, 0, 2);
    System.arraycopy(exif, 0, turned, 2, exif.length);
    System.arraycopy(jpeg, 2, turned, 2 + exif.length, jpeg.length - 2);
    return turned;
  }

  public static byte[] cmykJpeg(int width, int height) {
    WritableRaster raster =
        Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, width, height, 4, null);
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(raster, null, null), null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }
}
